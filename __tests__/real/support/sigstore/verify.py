"""Verifies attestations as an index does: cases on standard input, one verdict a line on standard output."""

import json
import sys

import sigstore.verify
from pypi_attestations import Attestation, Distribution, GitHubPublisher
from sigstore.models import TrustedRoot

asked = json.load(sys.stdin)
verifier = sigstore.verify.Verifier(trusted_root=TrustedRoot.from_file(asked["trusted_root"]))
# The package knows the public-good instance alone; ours stands in its place.
sigstore.verify.Verifier.production = classmethod(lambda cls, offline=False: verifier)

for case in asked["cases"]:
    try:
        attestation = Attestation.model_validate(case["attestation"])
        publisher = GitHubPublisher(repository=case["repository"], workflow=case["workflow"])
        kind, _ = attestation.verify(publisher, Distribution(name=case["name"], digest=case["sha256"]))
        print(f"verified {kind}")
    except Exception as error:  # noqa: BLE001
        print("refused " + " ".join(str(error).split()))
