"""A process of its own that sets one paper: typst needs some 70 kB for each line, which goes back to the machine when it ends.

`python -m wallet.statements.typeset` reads JSON (template, data, fonts, standards, timestamp) and writes the PDF. It ends with 2 and the reason
when a letter is in no font. Nothing of Django is loaded here.
"""

import json
import sys

import typst

from wallet.statements import NO_LETTER


def main() -> int:
    given = json.load(sys.stdin)
    try:
        made = typst.compile(
            given["template"].encode(), sys_inputs={"data": given["data"]}, format="pdf", pdf_standards=given["standards"], font_paths=given["fonts"],
            timestamp=given["timestamp"],
        )  # fmt: skip
    except typst.TypstError as wrong:
        sys.stderr.write(wrong.message)
        return NO_LETTER if "could not be displayed" in str(wrong) else 1
    assert isinstance(made, bytes)  # noqa: S101
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
