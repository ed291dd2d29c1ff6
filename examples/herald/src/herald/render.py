"""Renders a release as text, web page or e-mail."""

import base64
import gettext
import html
from email.message import EmailMessage
from importlib import resources
from string import Template

PACKAGE = resources.files("herald")

# The headings of "Keep a Changelog", so that the translators find them.
HEADINGS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def translation(language):
    """Returns the catalogue of a language, or one that translates nothing."""
    if language == "en":
        return gettext.NullTranslations()
    with resources.as_file(PACKAGE / "locale") as folder:
        return gettext.translation("herald", folder, [language], fallback=True)


def template(name):
    return Template((PACKAGE / "templates" / name).read_text("utf-8"))


def badge():
    return (PACKAGE / "assets" / "badge.png").read_bytes()


def title(project, release, catalogue):
    return catalogue.gettext("{project} {version} is out").format(project=project, version=release.version)


def summary(release, catalogue):
    count = sum(map(len, release.groups.values()))
    return catalogue.ngettext("{count} change", "{count} changes", count).format(count=count)


def as_text(project, release, catalogue):
    lines = []
    for name, items in release.groups.items():
        lines += ["", catalogue.gettext(name) + ":", *(f"  * {item}" for item in items)]
    heading = title(project, release, catalogue)
    return template("announcement.txt").substitute(
        title=heading,
        rule="=" * len(heading),
        date=release.date,
        summary=summary(release, catalogue),
        changes="\n".join(lines).strip("\n"),
    )


def as_html(project, release, catalogue, image=None):
    if image is None:
        image = "data:image/png;base64," + base64.b64encode(badge()).decode("ascii")
    changes = []
    for name, items in release.groups.items():
        changes.append(f"    <h2>{html.escape(catalogue.gettext(name))}</h2>\n    <ul>")
        changes += [f"      <li>{html.escape(item)}</li>" for item in items]
        changes.append("    </ul>")
    return template("announcement.html").substitute(
        language=html.escape(catalogue.info().get("language", "en")),
        title=html.escape(title(project, release, catalogue)),
        date=html.escape(release.date),
        summary=html.escape(summary(release, catalogue)),
        image=image,
        changes="\n".join(changes),
    )


def as_mail(project, release, catalogue):
    message = EmailMessage()
    message["Subject"] = title(project, release, catalogue)
    message.set_content(as_text(project, release, catalogue))
    message.add_alternative(as_html(project, release, catalogue, "cid:badge"), subtype="html")
    message.get_payload()[1].add_related(badge(), "image", "png", cid="<badge>")
    return message.as_string()


FORMATS = {"text": as_text, "html": as_html, "mail": as_mail}
