"""One window for each user: a second start hands its paths to the first window and ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, Signal

from core import places

# QtNetwork is imported where it is used: the first window needs it only after its first paint.
if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

_WAIT_MS = 3000
_LONGEST = 4 * 2**20


class Instance(QObject):
    """Knows whether this process is the first, and listens for later ones. asked(list): their paths.

    The lock, not the socket, says who is first: a socket may be left behind by a crash, a lock of a process that is
    gone is taken over (QLockFile looks at its number).
    """

    asked = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = QLockFile(str(places.home() / "window.lock"))
        # A window may stay open for weeks: its lock is not stale because it is old.
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    @property
    def name(self) -> str:
        """The socket's name: one for each user's data folder."""
        import hashlib

        return "hilum-" + hashlib.sha256(str(places.home().resolve()).encode()).hexdigest()[:16]

    def is_first(self) -> bool:
        """Whether no other window is open; the first one stays it until close()."""
        # A folder that takes no lock (read-only home) must not keep the window from opening.
        return self._lock.tryLock(0) or self._lock.error() != QLockFile.LockError.LockFailedError

    def hand_over(self, paths: list[str]) -> bool:
        """Give the paths to the first window. False when it does not answer."""
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self.name)
        if not socket.waitForConnected(_WAIT_MS):
            return False
        socket.write(json.dumps(paths).encode() + b"\n")
        answered = socket.waitForBytesWritten(_WAIT_MS) and socket.waitForReadyRead(_WAIT_MS)
        socket.disconnectFromServer()
        return answered

    def listen(self) -> None:
        """From now on later starts are heard."""
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._take)
        QLocalServer.removeServer(self.name)
        self._server.listen(self.name)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _take(self) -> None:
        assert self._server is not None
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)
        self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _LONGEST:
                socket.abort()
            return
        try:
            paths = json.loads(bytes(socket.readLine().data()))
        except ValueError:
            socket.abort()
            return
        socket.write(b"taken\n")
        socket.flush()
        if isinstance(paths, list):
            self.asked.emit([path for path in paths if isinstance(path, str)])
