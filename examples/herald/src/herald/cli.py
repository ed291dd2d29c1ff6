"""The command line of herald."""

import argparse
import sys
from pathlib import Path

from herald import __version__, changelog, render


def parser():
    result = argparse.ArgumentParser(prog="herald", description="Turn a section of a changelog into an announcement.")
    result.add_argument("changelog", help='a file in the form of "Keep a Changelog", plain or gzipped')
    result.add_argument("--project", help="name of the project (default: name of the folder)")
    result.add_argument("--release", metavar="VERSION", help="which release (default: the newest)")
    result.add_argument("--format", choices=sorted(render.FORMATS), default="text", help="default: text")
    result.add_argument("--language", default="en", help="such as de or fr (default: en)")
    result.add_argument("--output", metavar="FILE", help="default: standard output")
    result.add_argument("--version", action="version", version=f"herald {__version__}")
    return result


def main(arguments=None):
    options = parser().parse_args(arguments)
    project = options.project or Path(options.changelog).resolve().parent.name
    try:
        releases = changelog.parse(changelog.read_text(options.changelog))
        release = changelog.find(releases, options.release)
        text = render.FORMATS[options.format](project, release, render.translation(options.language))
        if options.output:
            Path(options.output).write_text(text, "utf-8")
        else:
            sys.stdout.write(text)
    except (OSError, changelog.ChangelogError) as error:
        print(f"herald: {error}", file=sys.stderr)
        return 1
    return 0
