"""Shows a film at one film pixel to one screen pixel and counts the grey levels that differ; run by test_true.py."""

import json
import sys
from pathlib import Path

import numpy as np


def main(path: Path) -> int:
    from gui import system

    system.keep_constants_alive()
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication, QMainWindow

    from gui import theme
    from gui.commands import Actions
    from gui.reading.film_area import FilmArea
    from gui.widgets.film import film
    from tests.films import radiograph

    application = QApplication([])
    theme.apply(application, theme.DARK)
    one = radiograph(path)
    host = QMainWindow()
    area = FilmArea(Actions(host))
    host.setCentralWidget(area)
    # An odd place in the window: half a screen pixel must not shift the film.
    host.menuBar().setFixedHeight(27)
    host.resize(901, 561)
    host.show()
    area.pair.film_canvas.lettered = area.pair.twin.lettered = False
    area.show_film(film(one))
    area.pair.film_canvas.write()
    area.pair.twin.write()
    application.processEvents()
    differs = compared = 0
    for canvas in (area.pair.film_canvas, area.pair.twin):
        area.pair.view.zoom_to(1.0, canvas.device_size)
        # Of the whole window: that is where a canvas may come to lie between two screen pixels.
        image = host.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        ratio = image.devicePixelRatio()
        picture = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        corner = canvas.mapTo(host, canvas.rect().topLeft())
        top, left = int(corner.y() * ratio + 0.5), int(corner.x() * ratio + 0.5)
        placement = area.pair.view.placement(canvas.device_size)
        assert placement is not None
        expected = one.as_read()
        rows, columns = placement.box(expected.shape)
        height = min(rows.stop, placement.rows) - rows.start
        width = min(columns.stop, placement.columns) - columns.start
        part = picture[top + rows.start :, left + columns.start :][:height, :width]
        wanted = expected[rows.start - placement.top :, columns.start - placement.left :][:height, :width]
        differs += int(np.count_nonzero(part != wanted))
        compared += wanted.size
    sys.stdout.write(json.dumps({"differs": differs, "compared": compared, "ratio": ratio}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
