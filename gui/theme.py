"""How Hilum looks: the tokens, dark and light, and the palette and short style sheet made of them.

Every colour, distance and type size of the window stands here and nowhere else. The radiograph is the light
in the room: the canvas is always black, and there is one accent colour. tests/gui/test_theme.py computes the
contrast of every word colour against every ground (WCAG 2.2, 1.4.3: at least 4.5 : 1).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from core.places import RESOURCES


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme. Words: text, quiet, accent, refer, error. Grounds: ground, panel, raised. line is decoration."""

    name: str
    ground: str
    panel: str
    raised: str
    line: str
    text: str
    quiet: str
    accent: str
    refer: str
    error: str
    focus: str
    canvas: str = "#000000"


DARK: Final = Tokens(
    name="dark",
    ground="#15181b",
    panel="#1c2024",
    raised="#262b30",
    line="#3a4148",
    text="#d7dbdf",
    quiet="#9aa3ab",
    accent="#6cb6e0",
    refer="#f0a35e",
    error="#f28b82",
    focus="#ffd166",
)
LIGHT: Final = Tokens(
    name="light",
    ground="#f4f5f6",
    panel="#ffffff",
    raised="#e9ecee",
    line="#c3c9ce",
    text="#1b1f23",
    quiet="#565f67",
    accent="#0b6394",
    refer="#9a5200",
    error="#b3261e",
    focus="#7a4d00",
)
THEMES: Final = {theme.name: theme for theme in (DARK, LIGHT)}

# On the canvas the words are those of the dark theme, whatever the theme: the canvas is black in both.
ON_FILM: Final = DARK

SPACE: Final = (4, 8, 12, 16, 24, 32)
CORNER: Final = 4
LABEL, BODY, FINDING, TITLE = 11, 13, 16, 22
ICON, RAIL_ICON = 16, 20

_in_use = DARK


def tokens() -> Tokens:
    """The tokens of the theme in use."""
    return _in_use


def colour(name: str) -> QColor:
    """A token of the theme in use as a colour."""
    return QColor(getattr(_in_use, name))


@functools.cache
def font(pixels: int = BODY, *, strong: bool = False) -> QFont:
    """The system's font at a size of the type scale, with figures of equal width where the font has them.

    The same object for all who ask: a painter asks for every word that it draws.
    """
    made = QFont(QApplication.font())
    made.setPixelSize(pixels)
    if strong:
        made.setWeight(QFont.Weight.DemiBold)
    # A column of probabilities is read by comparing digits: they stand below each other.
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def apply(application: QApplication, theme: Tokens) -> None:
    """Put a theme into use: Fusion, its palette, its style sheet."""
    global _in_use  # noqa: PLW0603 - one window, one theme; passing it through every paint event says nothing more
    _in_use = theme
    icon.cache_clear()
    font.cache_clear()
    if application.style().objectName() != "fusion":
        application.setStyle("fusion")
    application.setFont(font())
    application.setPalette(palette(theme))
    application.setStyleSheet(style_sheet(theme))


def palette(theme: Tokens) -> QPalette:
    made = QPalette()
    role = QPalette.ColorRole
    for where, value in (
        (role.Window, theme.ground), (role.Base, theme.panel), (role.AlternateBase, theme.panel),
        (role.Button, theme.raised), (role.ToolTipBase, theme.raised), (role.Text, theme.text),
        (role.WindowText, theme.text), (role.ButtonText, theme.text), (role.ToolTipText, theme.text),
        (role.BrightText, theme.text), (role.PlaceholderText, theme.quiet), (role.Link, theme.accent),
        (role.LinkVisited, theme.accent), (role.Highlight, theme.raised), (role.HighlightedText, theme.text),
        (role.Accent, theme.accent), (role.Light, theme.raised), (role.Midlight, theme.raised),
        (role.Mid, theme.line), (role.Dark, theme.line), (role.Shadow, theme.ground),
    ):  # fmt: skip
        made.setColor(where, QColor(value))
    for where in (role.Text, role.WindowText, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, where, QColor(theme.quiet))
    return made


def style_sheet(theme: Tokens) -> str:
    """What the palette cannot say. Properties: `look` = primary | flat | quiet | label | finding | title."""
    t = theme
    return f"""
    QWidget {{ font-size: {BODY}px; }}
    QMenuBar {{ background: {t.ground}; border: 0; padding: 2px 4px; }}
    QMenuBar::item {{ padding: 3px 8px; border-radius: {CORNER}px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.raised}; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 8px; border-radius: {CORNER}px; }}
    QMenu::item:selected {{ background: {t.raised}; }}
    QMenu::item:disabled {{ color: {t.quiet}; }}
    QMenu::icon {{ padding-left: 8px; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px 6px; }}
    QStatusBar {{ background: {t.ground}; border-top: 1px solid {t.line}; }}
    QStatusBar::item {{ border: 0; }}
    QSplitter::handle {{ background: {t.line}; }}
    QScrollArea, QListView {{ border: 0; background: {t.panel}; outline: 0; }}
    QScrollArea > QWidget > QWidget[panel="true"] {{ background: {t.panel}; }}
    QScrollArea[look="bare"], QScrollArea[look="bare"] > QWidget > QWidget {{ background: {t.ground}; }}
    QWidget[panel="true"] {{ background: {t.panel}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 3px; min-height: 32px; margin: 2px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: transparent; height: 0; }}
    QLabel[look="quiet"] {{ color: {t.quiet}; }}
    QLabel[look="label"] {{ color: {t.quiet}; font-size: {LABEL}px; }}
    QLabel[look="small"] {{ font-size: {LABEL}px; }}
    QLabel[look="finding"] {{ font-size: {FINDING}px; font-weight: 600; }}
    QLabel[look="title"] {{ font-size: {TITLE}px; }}
    QLabel[look="strong"] {{ font-weight: 600; }}
    QLabel[look="key"] {{ color: {t.accent}; }}
    QLabel[look="placard-title"] {{ color: {ON_FILM.text}; font-size: {FINDING}px; font-weight: 600; }}
    QLabel[look="placard"] {{ color: {ON_FILM.text}; }}
    QLabel[look="placard-hint"] {{ color: {ON_FILM.quiet}; }}
    QFrame[look="notice"] {{ background: {t.raised}; border-top: 1px solid {t.line}; }}
    QFrame[look="question"] {{ background: {t.raised}; border-radius: {CORNER}px; }}
    QFrame[look="rule"] {{ background: {t.line}; }}
    QTableView {{ border: 0; background: {t.panel}; outline: 0; selection-background-color: {t.raised};
        selection-color: {t.text}; }}
    QTableView[look="plain"]::item {{ padding: 0 10px; }}
    QTableCornerButton::section {{ background: {t.panel}; border: 0; }}
    QPlainTextEdit {{ background: {t.raised}; border: 1px solid {t.quiet}; border-radius: {CORNER}px; padding: 4px; }}
    QPlainTextEdit:focus {{ border: 2px solid {t.focus}; padding: 3px; }}
    QHeaderView {{ background: {t.panel}; border: 0; }}
    QHeaderView::section {{ background: {t.panel}; color: {t.quiet}; border: 0; padding: 6px 10px;
        font-size: {LABEL}px; }}
    QProgressBar[look="page"] {{ background: {t.raised}; }}
    QProgressBar[look="page"]::chunk {{ background: {t.accent}; }}
    QProgressBar {{ background: {ON_FILM.line}; border: 0; }}
    QProgressBar::chunk {{ background: {ON_FILM.accent}; }}
    QLabel[look="refer"] {{ color: {t.refer}; font-weight: 600; }}
    QLabel[look="error"] {{ color: {t.error}; font-weight: 600; }}
    QToolButton {{ border: 1px solid transparent; border-radius: {CORNER}px; padding: 4px; background: transparent; }}
    QToolButton:hover, QToolButton:checked {{ background: {t.raised}; }}
    QToolButton[look="field"] {{ border: 1px solid {t.quiet}; padding: 4px 8px; }}
    QToolButton[look="field"]:disabled {{ border-color: {t.line}; }}
    QToolButton[look="field"]:focus {{ border: 2px solid {t.focus}; padding: 3px 7px; }}
    QToolButton[look="rail"] {{ border: 0; border-left: 2px solid transparent; border-radius: 0; padding: 6px 0;
        color: {t.quiet}; font-size: {LABEL}px; }}
    QToolButton[look="rail"]:checked {{ border-left-color: {t.accent}; color: {t.text}; }}
    QToolButton[look="rail"]:focus {{ border: 2px solid {t.focus}; padding: 4px 0; }}
    QToolButton:pressed {{ background: {t.line}; }}
    QToolButton:disabled {{ color: {t.quiet}; }}
    QPushButton {{ border: 1px solid {t.quiet}; border-radius: {CORNER}px; padding: 5px 12px;
        background: transparent; color: {t.text}; }}
    QPushButton:hover {{ background: {t.raised}; }}
    QPushButton:disabled {{ color: {t.quiet}; border-color: {t.line}; }}
    QPushButton[look="primary"] {{ background: {t.accent}; border-color: {t.accent}; color: {t.ground};
        font-weight: 600; }}
    QPushButton[look="primary"]:disabled {{ background: {t.raised}; border-color: {t.line}; color: {t.quiet}; }}
    QPushButton[look="choice"] {{ padding: 2px 4px; }}
    QPushButton[look="choice"]:checked {{ background: {t.text}; border-color: {t.text}; color: {t.ground};
        font-weight: 600; }}
    QPushButton[look="step"] {{ border: 0; border-left: 2px solid transparent; border-radius: 0; padding: 0; }}
    QPushButton[look="step"]:checked {{ background: {t.raised}; border-left-color: {t.accent}; }}
    QPushButton[look="step"]:focus {{ border: 2px solid {t.focus}; padding: 0; }}
    QLineEdit {{ background: {t.raised}; border: 1px solid {t.quiet}; border-radius: {CORNER}px; padding: 5px 8px;
        selection-background-color: {t.accent}; selection-color: {t.ground}; }}
    QCheckBox, QRadioButton {{ spacing: 8px; padding: 2px; margin-left: -4px; border: 2px solid transparent;
        border-radius: {CORNER}px; }}
    QCheckBox::indicator, QRadioButton::indicator {{ width: 14px; height: 14px; border: 1px solid {t.quiet};
        background: {t.raised}; }}
    QCheckBox::indicator {{ border-radius: 3px; }}
    QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; }}
    QRadioButton::indicator {{ border-radius: 8px; }}
    QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 5px solid {t.accent}; background: {t.ground}; }}
    QCheckBox:focus, QRadioButton:focus {{ border-color: {t.focus}; }}
    QSlider::groove:horizontal {{ height: 2px; background: {t.quiet}; }}
    QSlider::sub-page:horizontal {{ background: {t.accent}; }}
    QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
        background: {t.text}; }}
    QPushButton[look="onfilm"] {{ color: {ON_FILM.text}; border-color: {ON_FILM.quiet}; }}
    QPushButton[look="onfilm"]:hover {{ background: {ON_FILM.raised}; }}
    QPushButton[look="onfilm"]:focus {{ border-color: {ON_FILM.focus}; }}
    QSlider:focus {{ border: 2px solid {t.focus}; border-radius: {CORNER}px; }}
    QPushButton:focus, QToolButton:focus, QLineEdit:focus {{ border: 2px solid {t.focus}; }}
    QPushButton:focus {{ padding: 4px 11px; }}
    QPushButton[look="choice"]:focus {{ padding: 1px 3px; }}
    QToolButton:focus {{ padding: 3px; }}
    QLineEdit:focus {{ padding: 4px 7px; }}
    """


@functools.cache
def icon(name: str, colour_token: str = "text", side: int = ICON) -> QIcon:
    """One of our line drawings, in a colour of the theme in use; sharp at the scales of the screens there are."""
    made = QIcon()
    for scale in sorted({math.ceil(screen.devicePixelRatio()) for screen in QApplication.screens()}):
        for mode, token in ((QIcon.Mode.Normal, colour_token), (QIcon.Mode.Disabled, "quiet")):
            image = drawn(name, QColor(getattr(_in_use, token)), side * scale)
            if mode is QIcon.Mode.Disabled:
                image = _faded(image)
            image.setDevicePixelRatio(scale)
            made.addPixmap(QPixmap.fromImage(image), mode)
    return made


def drawn(name: str, ink: QColor, side: int) -> QImage:
    """resources/icons/NAME.svg in one colour, on nothing, side × side pixels. Raises FileNotFoundError."""
    # Not before the first icon is wanted: QtSvg is not part of the first paint's price where no icon is drawn.
    from PySide6.QtSvg import QSvgRenderer

    source = (RESOURCES / "icons" / f"{name}.svg").read_text("utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", ink.name()).encode()))
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return image


def _faded(image: QImage) -> QImage:
    faded = QImage(image.size(), image.format())
    faded.fill(Qt.GlobalColor.transparent)
    painter = QPainter(faded)
    painter.setOpacity(0.5)
    painter.drawImage(0, 0, image)
    painter.end()
    return faded


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(value: str) -> float:
    channels = (QColor(value).redF(), QColor(value).greenF(), QColor(value).blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
