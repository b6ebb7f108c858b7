"""The check for links that lead nowhere."""

from pathlib import Path

from tests.tools.dead_links import dead_links


def test_dead_links_are_named_and_living_ones_are_not(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "picture.png").touch()
    (tmp_path / "docs" / "guide.md").write_text("# The `guide`, a *start*\n## Twice\n## Twice\n<a id='spot'></a>\n[up](../README.md#welcome)\n")
    (tmp_path / "README.md").write_text(
        "# Welcome\n[a](docs/guide.md) [b](docs/guide.md#the-guide-a-start) [c](docs/guide.md#twice-1) [d](docs/guide.md#spot)\n"
        "[e](#welcome) ![f](picture.png) [g](https://example.com/nowhere) [h](docs)\n"
        "```\n[in code](nowhere.md)\n```\n`[in code](nowhere.md)`\n"
        "[dead](docs/gone.md) [dead](docs/guide.md#gone) [dead](#gone) <img src='gone.png'>\n[out](../../etc)\n[ref]: gone.md\n"
    )

    found = [line.partition("README.md:")[2] for line in dead_links([tmp_path / "README.md", tmp_path / "docs"], tmp_path)]

    assert found == [
        "8: docs/gone.md: no such file",
        "8: docs/guide.md#gone: no such heading",
        "8: #gone: no such heading",
        "8: gone.png: no such file",
        "9: ../../etc: leads out of the repository",
        "10: gone.md: no such file",
    ]
