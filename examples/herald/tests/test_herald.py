import contextlib
import io
import tempfile
import unittest
from email import message_from_string
from pathlib import Path

from herald import changelog, cli, render

FIXTURES = Path(__file__).parent / "fixtures"


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli.main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


class Reading(unittest.TestCase):
    def test_latin1(self):
        (release,) = changelog.parse(changelog.read_text(FIXTURES / "latin1.bin"))
        self.assertEqual(release.groups, {"Fixed": ["Größe über 4 GB, façade"]})

    def test_gzip(self):
        releases = changelog.parse(changelog.read_text(FIXTURES / "long.md.gz"))
        self.assertEqual([release.version for release in releases], ["0.3.0", "0.2.0", "0.1.0"])

    def test_continued_items(self):
        (release,) = changelog.parse("## 1.0\n### Added\n- one\n  more\n- two\n")
        self.assertEqual(release.groups, {"Added": ["one more", "two"]})

    def test_unreleased_is_passed_over(self):
        releases = changelog.parse("## [Unreleased]\n## [2.0] - 2026-01-01\n")
        self.assertEqual(changelog.find(releases).version, "2.0")


class Rendering(unittest.TestCase):
    def test_german(self):
        status, out, _ = run(FIXTURES / "long.md.gz", "--project", "demo", "--language", "de")
        self.assertEqual(status, 0)
        self.assertIn("demo 0.3.0 ist da", out)
        self.assertIn("2 Änderungen", out)

    def test_html_escapes_and_holds_the_badge(self):
        page = render.as_html("<x>", changelog.Release("1", "", {"Added": ["a < b"]}), render.translation("en"))
        self.assertIn("&lt;x&gt; 1 is out", page)
        self.assertIn("a &lt; b", page)
        self.assertIn("data:image/png;base64,iVBOR", page)

    def test_mail(self):
        status, out, _ = run(FIXTURES / "long.md.gz", "--format", "mail", "--project", "demo")
        self.assertEqual(status, 0)
        types = [part.get_content_type() for part in message_from_string(out).walk()]
        self.assertEqual(types.count("image/png"), 1)

    def test_output_file(self):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "news.html")
            self.assertEqual(run(FIXTURES / "long.md.gz", "--format", "html", "--output", target)[0], 0)
            self.assertTrue(target.read_text("utf-8").startswith("<!doctype html>"))

    def test_unknown_release(self):
        status, _, err = run(FIXTURES / "long.md.gz", "--release", "9")
        self.assertEqual(status, 1)
        self.assertIn("it has: 0.3.0, 0.2.0, 0.1.0", err)


if __name__ == "__main__":
    unittest.main()
