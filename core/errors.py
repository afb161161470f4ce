"""Whose fault it is, with a stable code and one sentence.

    HilumError             the world: file, disk, bundle, user; carries a code and facts
    ├── ImageRefused       the image's fault; trying again gives the same answer
    ├── ImageFailed        circumstances (timeout, unreachable, worker died); trying again may help
    ├── BundleRefused      a bundle that cannot be trusted or read
    ├── RunRefused         a run folder, recipe, label list or place that cannot be used
    └── UsageRefused       the command line asks for something that does not exist

Our own mistakes are ordinary exceptions (ValueError, AssertionError) and are not caught nearby.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "caution", "refusal", "failure"]


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: N802 - the name that lupdate looks for
    """Mark a sentence for translation in the window; core itself has no Qt."""
    return text


_ = QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image was refused, failed, or needs a caution: a stable code and its sentence."""

    code: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One row of the table: a code, how bad it is, and the sentence with its placeholders."""

    code: str
    severity: Severity
    text: str

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(name for _t, name, _s, _c in string.Formatter().parse(self.text) if name)


def _refusals() -> tuple[Sentence, ...]:
    rows = (
        ("empty-file", _("refusal", "The file is empty.")),
        ("not-an-image", _("refusal", "This is not an image file.")),
        ("unsupported-format", _("refusal", "Files of the kind {format} are not supported.")),
        ("truncated-header", _("refusal", "The file ends inside its header.")),
        ("corrupt-header", _("refusal", "The header is damaged: {what}.")),
        ("truncated-pixels", _("refusal", "The file ends before the image does: {present} of {declared} are there.")),
        ("no-pixels", _("refusal", "The image has no rows or no columns.")),
        ("no-pixel-data", _("refusal", "The file holds no image.")),
        ("missing-required", _("refusal", "The header lacks {what}.")),
        ("image-too-large", _("refusal", "The image is too large: {declared}; the limit is {limit}.")),
        ("too-many-frames", _("refusal", "The header states {declared} frames; the limit is {limit}.")),
        ("bad-frame-count", _("refusal", "The number of frames is not usable: {what}.")),
        ("size-disagrees", _("refusal", "The header states {declared} and the compressed image {present}.")),
        ("unsupported-bit-depth", _("refusal", "Pixels stored as {what} are not supported.")),
        ("bad-bit-depth", _("refusal", "The header's bit numbers contradict each other: {what}.")),
        ("unsupported-colour-layout", _("refusal", "This colour layout is not supported: {what}.")),
        ("unsupported-photometric", _("refusal", "The photometric interpretation {what} is not supported.")),
        ("unsupported-transfer-syntax", _("refusal", "Images stored as {what} are not supported.")),
        ("corrupt-codestream", _("refusal", "The compressed image is damaged: {what}.")),
        ("nested-too-deep", _("refusal", "The header is nested more than {limit} levels deep.")),
        ("expands-too-much", _("refusal", "The file would expand to far more than its size.")),
        ("unsafe-archive", _("refusal", "The archive is not safe to open: {what}.")),
        ("encrypted-archive", _("refusal", "The archive is encrypted; unpack it first.")),
        ("corrupt-archive", _("refusal", "The archive is damaged.")),
        ("not-projection", _("refusal", "{what} is not a projection radiograph.")),
        ("colour-photograph", _("refusal", "This is a colour picture, not a radiograph.")),
        ("not-a-file", _("refusal", "This is not a regular file.")),
        ("a-container", _("refusal", "This is a list of files, not an image; each of them has a row of its own.")),
        ("folder-too-deep", _("refusal", "Folders are nested more than {limit} deep; what lies below is left out.")),
        ("file-too-large", _("refusal", "The file has {present}; the limit is {limit}.")),
        # The gate's own (design.md section 2); the reader never gives these.
        ("gate-not-frontal", _("refusal", "The view is {what}; the networks know frontal films only.")),
        ("gate-not-chest", _("refusal", "The file says that it shows {what}, not a chest.")),
        ("gate-not-for-networks", _("refusal", "{what}; the networks are not run unless asked.")),
        ("gate-age", _("refusal", "The patient is {what}; these networks are meant for {meant}.")),
        ("gate-blank", _("refusal", "The image is blank or nearly so.")),
        ("gate-noise", _("refusal", "The image looks like noise.")),
        ("gate-inverted", _("refusal", "Dark and light look exchanged; declare it negative if so.")),
        ("gate-too-small", _("refusal", "The image has {present}; the networks need at least {limit}.")),
        ("gate-shape", _("refusal", "The image is {what} as wide as high; a chest film is not.")),
        ("gate-flat-art", _("refusal", "The image has few grey levels, like a drawing or a page of text.")),
        ("gate-no-lungs", _("refusal", "There are no lungs to be seen in the image.")),
        ("gate-cropped", _("refusal", "The image does not show a whole chest: {what}.")),
        ("gate-novel", _("refusal", "The image does not look like the frontal chest films these networks know.")),
    )
    return tuple(Sentence(code, "refusal", text) for code, text in rows)


def _cautions() -> tuple[Sentence, ...]:
    rows = (
        ("not-a-chest-radiograph", _("caution", "The file says that it shows {what}, not a chest radiograph.")),
        ("body-part-unknown", _("caution", "The file does not say which part of the body it shows.")),
        ("secondary-capture", _("caution", "A picture of unknown origin: confirm that it is a chest radiograph.")),
        ("too-small", _("caution", "The image is only {present}: shown, but too small for the networks.")),
        ("lossy-compressed", _("caution", "The image was compressed with loss.")),
        ("bad-spacing", _("caution", "The pixel spacing in the file is not usable; lengths are in pixels.")),
        (
            "non-square-pixels",
            _("caution", "The pixels are not square ({what}); the image is shown in its true shape."),
        ),
        ("window-misses-pixels", _("caution", "The file's window misses the pixels; the full range is shown.")),
        ("bad-window", _("caution", "A window in the file is not usable; another or the full range is shown.")),
        ("bad-voi-lut", _("caution", "A lookup table in the file is damaged; it is not used.")),
        ("bad-modality-lut", _("caution", "The file's modality table is damaged; stored values are shown.")),
        ("bad-rescale", _("caution", "The file's rescale values are not usable; they are ignored.")),
        (
            "polarity-contradiction",
            _("caution", "The file contradicts itself about dark and light; invert if it looks wrong."),
        ),
        ("for-processing", _("caution", "Raw detector data, not meant for reading.")),
        ("burned-in-annotation", _("caution", "Text may be burned into the image: look before any export.")),
        ("mirrored", _("caution", "The file says that the image is stored {what}; it is shown put right.")),
        ("several-frames", _("caution", "The file has {count} frames; this is frame {frame}.")),
        ("several-pages", _("caution", "The file has {count} pages; this is the first.")),
        ("assumed-unsigned", _("caution", "The file does not say whether its values are signed; taken as unsigned.")),
        ("assumed-monochrome2", _("caution", "The file does not say whether 0 is dark; taken as dark.")),
        ("excess-pixels", _("caution", "The file holds more pixel data than its header states.")),
        ("wrong-extension", _("caution", "The name ends in {present}, but the file is {actual}.")),
        ("alpha-ignored", _("caution", "The image has a transparency layer, which is ignored.")),
        ("exif-rotated", _("caution", "The image is turned as its EXIF note asks.")),
        ("duplicate-uid", _("caution", "Another image carries the same identifier with other pixels.")),
        ("patient-conflict", _("caution", "Another image gives this patient number another name.")),
        ("bad-uid", _("caution", "An identifier in the file is malformed; it is shown as text only.")),
        ("much-masked", _("caution", "{what} of the image lies outside the shutter or in padding.")),
        # The gate's and the ensemble's
        ("facts-unknown", _("caution", "The file says nothing about view, age or kind of image.")),
        ("view-unknown", _("caution", "The file does not state the view.")),
        ("age-unknown", _("caution", "The file does not state the patient's age.")),
        ("no-lungs-found", _("caution", "Both lungs were not found; what needs them was done on the whole film.")),
        (
            "one-lung-found",
            _("caution", "Only one lung was found; the other may be white, missing, or outside the image."),
        ),
        ("lungs-cut", _("caution", "The lungs reach the edge of the image; part of them may be missing.")),
        ("members-disagree", _("caution", "The members disagree by more than the bundle allows.")),
        ("near-the-threshold", _("caution", "The suspicion lies too near the operating point to decide.")),
    )
    notes = (
        ("overridden", _("note", "Refused by the gate, assessed because a reader asked: {what}.")),
        ("declared-negative", _("note", "Declared a negative: dark and light were exchanged.")),
        ("declared-turned", _("note", "Declared turned: turned by {what} degrees.")),
        ("declared-mirrored", _("note", "Declared mirrored: sides were exchanged.")),
        ("device-passed-over", _("note", "{used} is in use, because: {what}")),
        ("nothing-positive", _("note", "Nothing in the image speaks for {what} rather than the rest.")),
        ("archive-listed", _("note", "An archive with {count} files; each has a row of its own.")),
        ("directory-listed", _("note", "A DICOMDIR that names {count} images, of which {missing} are missing.")),
    )
    return tuple(Sentence(code, "caution", text) for code, text in rows) + tuple(
        Sentence(code, "note", text) for code, text in notes
    )


def _failures() -> tuple[Sentence, ...]:
    rows = (
        ("unreachable", _("failure", "The file cannot be reached: {what}.")),
        ("no-permission", _("failure", "This account may not read the file.")),
        ("changed-while-reading", _("failure", "The file changed while it was read.")),
        ("timed-out", _("failure", "Opening took longer than {limit} and was ended.")),
        ("out-of-memory", _("failure", "Opening needed more memory than allowed.")),
        ("worker-died", _("failure", "The decoder ended unexpectedly on this file.")),
        ("program-error", _("failure", "The program made a mistake on this file ({what}); the others go on.")),
        ("not-finite", _("failure", "A member gave a value that is not a number; nothing is shown.")),
        ("engine-failed", _("failure", "The engine failed on this image: {what}.")),
    )
    return tuple(Sentence(code, "failure", text) for code, text in rows)


def _others() -> tuple[Sentence, ...]:
    rows = (
        ("bundle-missing", _("bundle", "There is no bundle at {what}.")),
        ("bundle-unreadable", _("bundle", "The bundle's description cannot be read: {what}.")),
        ("bundle-format", _("bundle", "The bundle has format {present}; this program knows format {known}.")),
        ("bundle-file-missing", _("bundle", "The bundle lacks its file {what}.")),
        ("bundle-file-changed", _("bundle", "The bundle's file {what} is not the one it was published with.")),
        ("bundle-unsafe", _("bundle", "The bundle names a file outside itself: {what}.")),
        ("bundle-selfproof", _("bundle", "On this PC the bundle does not give the results it must give: {what}.")),
        (
            "bundle-kind",
            _("bundle", "The bundle {what} is of the kind {present}; here one of the kind {asked} is needed."),
        ),
        (
            "bundle-lungs-missing",
            _("bundle", "{what} looks at the lungs only and needs the lungs bundle {digest}, which is not here."),
        ),
        ("bundle-step", _("bundle", "The bundle needs the step {what}, which this program does not have.")),
        ("bundle-exists", _("bundle", "There is already a bundle named {what}.")),
        ("bundle-in-use", _("bundle", "The bundle {what} is in use; put another into use first.")),
        ("bundle-shipped", _("bundle", "The bundle {what} comes with the program and cannot be removed.")),
        ("no-earlier-bundle", _("bundle", "There is no earlier bundle to go back to.")),
        (
            "bundle-name",
            _("bundle", "{what} cannot be a bundle's name: take letters, digits, dots, hyphens and underscores."),
        ),
        ("classes-differ", _("bundle", "Only bundles of the same classes can be compared ({what}).")),
        ("too-few-to-calibrate", _("bundle", "Nothing was adopted. {what}")),
        ("models-forgotten", _("bundle", "The films have to be judged again: the process that held them was ended.")),
        ("models-broken", _("bundle", "A mistake of Hilum itself ended the work ({what}); nothing was changed.")),
        ("models-busy", _("bundle", "Something else is going on here ({what}); stop it, or wait for it.")),
        ("legacy-unreadable", _("bundle", "{what} cannot be read as a Keras model: {why}.")),
        ("legacy-unsafe", _("bundle", "{what} would run code of its own ({why}); nothing of it was opened.")),
        ("legacy-unknown", _("bundle", "{what} is a network that Hilum has no data for: {why}.")),
        (
            "legacy-differs",
            _("bundle", "{what} gives other answers as a member than in Keras: {present} apart; at most {limit}."),
        ),
        ("architecture-unusable", _("bundle", "The network's description cannot be used: {what}.")),
        (
            "conversion-differs",
            _("bundle", "The converted network {what} differs from the original: {present}; at most {limit}."),
        ),
        ("graph-unusable", _("bundle", "The network {what} cannot be read by OpenVINO: {why}.")),
        ("weights-unusable", _("bundle", "The weights of the network {what} do not fit: {why}.")),
        ("engine-precision", _("engine", "The device {what} computes in {present}, not in f32; it is not used.")),
        ("engine-missing", _("engine", "The engine {what} is not installed on this PC.")),
        ("selftest-decoder", _("engine", "The decoder {what} does not give back what went in.")),
        ("device-missing", _("engine", "No {what} that can be used was found on this PC.")),
        ("run-in-use", _("run", "Another process works on the run {what}.")),
        ("run-differs", _("run", "The run was made with {present}, not {asked}; start a new one.")),
        ("run-broken", _("run", "A mistake of Hilum itself ended the run ({what}); what was done is kept.")),
        ("run-going-on", _("run", "A run is going on; stop it before another one is started or opened.")),
        ("run-exists", _("run", "The run {what} exists already; add --resume to go on with it.")),
        ("run-unreadable", _("run", "The run {what} cannot be read: {why}.")),
        ("labels-unreadable", _("run", "The labels {what} cannot be read: {why}.")),
        ("labels-empty", _("run", "The labels {what} name no image of a known class.")),
        (
            "site-no-findings",
            _(
                "run",
                "{what} has no sub-folder for each finding: put the films of a finding into a folder of its own, or "
                "choose a table with the columns path and label.",
            ),
        ),
        ("site-not-ready", _("run", "The films are still being {what}; wait for that, or stop it.")),
        (
            "dry-run-ended",
            _(
                "run",
                "The dry run ended unexpectedly, most likely for want of memory: take a smaller batch or smaller "
                "pictures.",
            ),
        ),
        ("too-few-films", _("run", "The class {what} has {present} that can be read; a training needs {limit}.")),
        ("one-class", _("run", "All films are of the class {what}; a training needs at least two classes.")),
        ("one-source", _("run", "Leaving one source out needs films of two sources or more; here: {present}.")),
        (
            "class-missing",
            _(
                "run",
                "In {name} no film of the class {what} is left for the {side} part; add films or take fewer folds.",
            ),
        ),
        ("nothing-to-judge", _("run", "No film of the labels {what} is left to judge: {why}.")),
        ("not-acknowledged", _("run", '{what} Acknowledge it to go on: --acknowledge {code}="reason".')),
        ("paper-missing", _("run", "There is no paper {what}; the five are a, b, c, d and e.")),
        ("recipe-missing", _("run", "There is no recipe {what}{near}.")),
        ("recipe-unusable", _("run", "The recipe {what} cannot be used: {why}{more}")),
        ("recipe-unscalable", _("run", "The recipe {what} cannot be scaled down: {why}.")),
        ("point-unusable", _("run", "No operating point can be picked: {what}")),
        ("nothing-to-keep", _("run", "No epoch of the training is over yet: there is nothing to keep.")),
        ("result-missing", _("run", "The run {what} has no result yet.")),
        ("start-missing", _("run", "There are no start weights to begin from: {what}.")),
        ("start-unusable", _("run", "The start weights {what} cannot be read: {why}.")),
        ("start-unsafe", _("run", "The start weights {what} ask for {wanted}, which is no number: not read.")),
        (
            "loss-not-finite",
            _(
                "run",
                "The loss of {what} became no number in epoch {epoch}: start again with a rate below {rate}. "
                "What was saved before is kept.",
            ),
        ),
        (
            "frozen-random",
            _(
                "run",
                "{what} freezes random weights ({layer}), which would learn nothing: let them learn first, "
                "or start from trained weights.",
            ),
        ),
        ("binary-loss", _("run", "The binary loss of {what} needs two classes; there are {present}.")),
        (
            "validation-needed",
            _("run", "{what} ends or is kept by validation films, and there are none; hold some out."),
        ),
        (
            "smote-memory",
            _("run", "SMOTE needs {needed} of memory and {free} are free: use class weights or undersampling instead."),
        ),
        (
            "smote-features",
            _(
                "run",
                "{what} cannot use SMOTE on features: it needs frozen layers before those that learn, no augmentation.",
            ),
        ),
        ("trainable-unusable", _("run", "The layers that should learn cannot be chosen: {why}.")),
        ("place-unwritable", _("run", "Nothing can be written to {what}: {why}.")),
        ("disk-full", _("run", "There is no space left on {what}; what was done is kept.")),
        (
            "records-newer",
            _("records", "A newer Hilum made the records in {what}; this one leaves them alone."),
        ),
        (
            "records-damaged",
            _("records", "The records were damaged; they are set aside as {what}, and new ones begun."),
        ),
        (
            "records-busy",
            _("records", "Another program holds the records; nothing was changed. Close it, or wait, and try again."),
        ),
        (
            "records-held",
            _(
                "records",
                "It is forgotten, but another program holds the records, so that it is not erased from the disk yet; "
                "the next start of Hilum does that.",
            ),
        ),
        ("work-in-use", _("records", "{what} is in use now and was not forgotten.")),
        ("work-not-erased", _("records", "Not all of {what} could be erased: {why}. Close what uses it; try again.")),
        ("path-missing", _("usage", "There is nothing at {what}.")),
        ("option-unusable", _("usage", "{what}")),
    )
    return tuple(Sentence(code, "refusal", text) for code, text in rows)


SENTENCES: dict[str, Sentence] = {row.code: row for row in (*_refusals(), *_cautions(), *_failures(), *_others())}


def reason(code: str, /, **facts: object) -> Reason:
    """The reason for a code, with its sentence filled in from the facts.

    Facts come from files: control characters and line breaks are taken out and long ones are cut,
    so that one reason is always one line.
    """
    row = SENTENCES[code]
    missing = row.placeholders - facts.keys()
    if missing:
        raise ValueError(f"the sentence of {code} needs {sorted(missing)}, got {sorted(facts)}")
    return Reason(code, row.severity, row.text.format(**{name: _plain(value) for name, value in facts.items()}))


def _plain(value: object) -> str:
    # Bidirectional overrides and control characters would let a file rewrite the sentence around them.
    text = "".join(
        c for c in str(value) if c.isprintable() and not 0x202A <= ord(c) <= 0x202E and not 0x2066 <= ord(c) <= 0x2069
    )
    return text if len(text) <= 200 else text[:199] + "…"


class HilumError(Exception):
    """What the world did wrong: a code, its facts, and one sentence."""

    def __init__(self, code: str, /, **facts: object) -> None:
        self.code = code
        self.facts = facts
        self.reason = reason(code, **facts)
        super().__init__(self.reason.text)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.code, self.facts))


class ImageRefused(HilumError):
    """The image's fault; trying again gives the same answer."""


class ImageFailed(HilumError):
    """Circumstances; trying again may help."""


class BundleRefused(HilumError):
    """A bundle or an engine that cannot be used."""


class RunRefused(HilumError):
    """A run folder, recipe, label list or place that cannot be used."""


class UsageRefused(HilumError):
    """The command line asks for something that does not exist."""


def _rebuild(kind: type[HilumError], code: str, facts: dict[str, object]) -> HilumError:
    return kind(code, **facts)
