"""Opens the real window in a process of its own and tells on standard output what happens; run by test_start.py."""

import json
import sys
import time


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


OPENED: list[str] = []


def note_file(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes):
        OPENED.append(arguments[0] if isinstance(arguments[0], str) else arguments[0].decode("utf-8", "replace"))


def main(workers: dict[str, str], paths: list[str], quit_after: str) -> int:
    from gui import app, window

    original_paint, original_init = window.Window._after_first_paint, window.Window.__init__

    def init(self: window.Window, **arguments: object) -> None:
        original_init(self, workers=workers, settings=arguments.get("settings"))  # type: ignore[arg-type]
        self.page.assessed.connect(lambda row: told("assessed", self, path=row.path))
        self.page.studies.rowsInserted.connect(lambda *_: told("listed", self))

    def told(event: str, self: window.Window, **facts: object) -> None:
        names = [entry.ref.name for entry in self.page.studies.entries]
        pids = [self.decoder.pid, self.assessor.pid, self.records.pid]
        tell(event, names=names, pids=pids, modules=sorted(sys.modules), opened=OPENED, **facts)
        if event == quit_after:
            self.close()

    def paint(self: window.Window) -> None:
        told("painted", self)
        original_paint(self)

    window.Window.__init__, window.Window._after_first_paint = init, paint  # type: ignore[method-assign]
    started = time.perf_counter()
    code = app.run(paths)
    tell("ended", code=code, seconds=time.perf_counter() - started)
    return code


if __name__ == "__main__":
    sys.addaudithook(note_file)
    words = json.loads(sys.argv[1])
    sys.exit(main(words["workers"], words["paths"], words["quit_after"]))
