"""Write docs/shortcuts.md from the table of commands.

python tools/write_shortcuts_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.files import write_whole
from core.places import PROGRAM
from gui.commands import COMMANDS, GROUPS
from gui.dialogs import GESTURES

PAGE = PROGRAM / "docs" / "shortcuts.md"
_HEAD = """# Keys and gestures

Every command of the window, as `gui/commands.py` has it (`python tools/write_shortcuts_page.py` writes this page). The
window shows the same list under `?`, finds commands by a few letters under `Ctrl+K`, and gives them other keys under
Settings. A command that makes no sense at the moment is grey. Keys on macOS: Cmd for Ctrl.
"""


def page() -> str:
    """The page, one table a menu."""
    parts = [_HEAD]
    for group, title in GROUPS.items():
        rows = [command for command in COMMANDS if command.group == group]
        lines = [f"| `{_escaped(row.shortcut)}` | {row.title.rstrip('…')} | {row.hint} |" for row in rows]
        parts.append("\n".join((f"## {title}\n", "| keys | does | |", "|---|---|---|", *lines, "")))
    lines = [f"| {gesture} | {meaning} |" for gesture, meaning in GESTURES]
    parts.append("\n".join(("## On a film\n", "| gesture | does |", "|---|---|", *lines, "")))
    return "\n".join(parts)


def _escaped(keys: str) -> str:
    return keys.replace("|", "\\|")


def main() -> int:
    write_whole(PAGE, page())
    print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
