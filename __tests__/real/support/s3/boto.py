"""A real S3 server (moto) on the loopback, and the real client (boto3) that asks it or another server, line by line."""

import hashlib
import json
import logging
import sys

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()


def answer(ask):
    client = boto3.client(
        "s3",
        endpoint_url=ask.get("endpoint", f"http://{host}:{port}"),
        region_name=ask["region"],
        aws_access_key_id=ask["accessKeyId"],
        aws_secret_access_key=ask["secretAccessKey"],
        config=Config(
            retries={"max_attempts": 1},
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            request_checksum_calculation="when_required",
        ),
    )
    bucket = ask["bucket"]
    match ask["do"]:
        case "make":
            return client.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": ask["region"]}
            )["ResponseMetadata"]["HTTPStatusCode"]
        case "put":
            return client.put_object(
                Bucket=bucket, Key=ask["key"], Body=ask["text"].encode(), **ask.get("more", {})
            )["ETag"]
        case "delete":
            return client.delete_object(Bucket=bucket, Key=ask["key"], **ask.get("more", {}))[
                "ResponseMetadata"
            ]["HTTPStatusCode"]
        case "content":
            found = {}
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for item in page.get("Contents", []):
                    got = client.get_object(Bucket=bucket, Key=item["Key"], ChecksumMode="ENABLED")
                    body = got["Body"].read()
                    found[item["Key"]] = {
                        "text": body.decode("utf-8", "replace"),
                        "sha256": hashlib.sha256(body).hexdigest(),
                        "type": got["ContentType"],
                        "cache": got.get("CacheControl"),
                        "sum": got.get("ChecksumSHA256"),
                    }
            return found


print(json.dumps({"address": f"http://{host}:{port}"}), flush=True)
for line in sys.stdin:
    try:
        said = {"answer": answer(json.loads(line))}
    except ClientError as error:
        said = {
            "code": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
        }
    print(json.dumps(said), flush=True)
server.stop()
