"""What a package index says of upload forms, by the libraries that it asks itself.

Reads a JSON list of forms (lists of name and value) from standard input, and writes for each the names of the fields
that are refused, sorted; none where the form is taken.
"""

import email.utils
import io
import json
import sys

import email_validator
import packaging.metadata
import readme_renderer.rst
import rfc3986
import rfc3986.validators
from packaging.requirements import Requirement
from trove_classifiers import classifiers, deprecated_classifiers

SINGULAR = {"platforms", "supported_platforms", "license_files", "import_names", "import_namespaces"}
VERSIONS = {"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}


def form_name(raw):
    return raw[:-1] if raw in SINGULAR else raw


RAW = {form_name(raw): raw for raw in packaging.metadata._RAW_TO_EMAIL_MAPPING}


def raw_metadata(form):
    """The form as packaging's raw metadata, and fields that make none."""
    raw, bad = {}, set()
    for name in dict.fromkeys(name for name, _ in form):
        field = RAW.get(name)
        values = [value for key, value in form if key == name]
        if field is None or values == [""]:
            continue
        if field in packaging.metadata._LIST_FIELDS:
            raw[field] = values
        elif field == "project_urls":
            pairs = [tuple(part.strip() for part in value.partition(",")[::2]) for value in values]
            raw[field] = dict(pairs)
            if len(raw[field]) < len(pairs):
                bad.add("project_urls")
        elif len(values) > 1:
            bad.add(name)
        elif field == "keywords":
            raw[field] = [word.strip() for word in values[0].split(",")]
        else:
            raw[field] = values[0]
    return raw, bad


def is_address(text):
    checks = rfc3986.validators.Validator().allow_schemes("http", "https").require_presence_of("scheme")
    checks.check_validity_of("scheme", "host", "port", "path", "query")
    try:
        checks.validate(rfc3986.uri_reference(text).normalize())
    except rfc3986.exceptions.ValidationError:
        return False
    return True


def of_the_index(meta):
    """Refusals that packaging does not know."""
    if meta.metadata_version not in VERSIONS:
        yield "metadata_version"
    if meta.version.local:
        yield "version"
    if len(meta.summary or "") > 512:
        yield "summary"
    for field in ("author_email", "maintainer_email"):
        address = email.utils.parseaddr(getattr(meta, field) or "")[1]
        try:
            address and email_validator.validate_email(address, check_deliverability=False)
        except email_validator.EmailNotValidError:
            yield field
    if any(name not in classifiers or name in deprecated_classifiers for name in meta.classifiers or []):
        yield "classifiers"
    for field in ("home_page", "download_url"):
        if getattr(meta, field) is not None and not is_address(getattr(meta, field)):
            yield field
    for label, address in (meta.project_urls or {}).items():
        if not label or len(label) > 32 or not address or not is_address(address):
            yield "project_urls"
    for field in ("requires_dist", "provides_dist", "obsoletes_dist"):
        for text in getattr(meta, field) or []:
            try:
                if Requirement(str(text)).url is not None:
                    yield field
            except ValueError:
                yield field
    if meta.license and meta.license_expression:
        yield "license"
    if "dynamic" in (meta.dynamic or []):
        yield "dynamic"
    kind = (meta.description_content_type or "text/x-rst").split(";")[0].strip().lower()
    if meta.description and kind == "text/x-rst":
        if readme_renderer.rst.render(meta.description, stream=io.StringIO()) is None:
            yield "description"
    if meta.description and kind == "text/markdown" and not meta.description.strip():
        yield "description"


def judge(form):
    raw, bad = raw_metadata(form)
    try:
        meta = packaging.metadata.Metadata.from_raw(raw, validate=True)
    except packaging.metadata.ExceptionGroup as group:
        fields = {error.field for error in group.exceptions}
        return sorted(bad | {form_name(packaging.metadata._EMAIL_TO_RAW_MAPPING.get(f, f)) for f in fields})
    except KeyError as error:
        # packaging 26.2 falls over some licences; the server answers 500 then.
        return [f"fault {error}"]
    return sorted(bad | set(of_the_index(meta)))


json.dump([judge(form) for form in json.load(sys.stdin)], sys.stdout)
