"""What a training is, as data: one declaration for files, errors, `recipe show`, the docs table and the wizard's forms.

A recipe is a TOML file in resources/recipes. Every field below carries its title, help, range and unit; a field that
a file does not name has the default that stands here. Plain data: no network library is imported.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

FORMAT = 1
# As core.networks.backbones has them; a test holds the two together.
Backbone = Literal[
    "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "mobilenetv2",
    "keras-vgg16", "keras-vgg19", "keras-mobilenet", "keras-mobilenetv2", "keras-inceptionv3", "keras-xception",
    "keras-inceptionresnetv2", "keras-densenet121", "keras-densenet201", "keras-resnet50", "keras-resnet101v2",
    "small-cnn", "alexnet-3x3", "vgg16-3x3", "resnet50-3x3",
]  # fmt: skip


def about(title: str, help: str, unit: str = "", wants: str = "", **limits: Any) -> Meta:
    """What a person is told of a field. limits: ge, le, gt, lt, min_length, pattern, as in msgspec.Meta.

    wants: what may stand there, in words, where type and limits do not say it.
    """
    return Meta(title=title, description=help, extra={"unit": unit, "wants": wants}, **limits)


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a recipe; a key that it does not know is an error."""


class RecipeClass(Section, frozen=True):
    name: Annotated[
        str,
        about(
            "Name",
            "The class in every table and in the bundle.",
            wants="small letters, digits, - and _",
            pattern="^[a-z][a-z0-9_-]*$",
        ),
    ]
    labels: Annotated[tuple[str, ...], about("Labels", "What labelled data may call it beside its name.")] = ()
    published: Annotated[
        Annotated[int, Meta(ge=0)] | None, about("Published films", "How many films the paper had.")
    ] = None


class Input(Section, frozen=True):
    rows: Annotated[int, about("Rows", "Height of what the network sees.", "pixels", ge=32, le=1024)] = 224
    columns: Annotated[int, about("Columns", "Width of what the network sees.", "pixels", ge=32, le=1024)] = 224
    channels: Annotated[Literal[1, 3], about("Channels", "Grey, or grey repeated three times.")] = 3
    shape: Annotated[
        Literal["stretch", "letterbox"],
        about("Shape", "Stretch to the size, or keep proportions between black bars."),
    ] = "stretch"
    frame: Annotated[
        Literal["film", "lungs"],
        about("Frame", "The whole film, or the box of both lungs plus a margin."),
    ] = "film"
    margin: Annotated[float, about("Margin", "Around the lungs, as a share of their box.", "share", ge=0, le=0.5)] = (
        0.06
    )
    border_crop: Annotated[
        float, about("Border crop", "Taken off every side before anything else.", "share", ge=0, le=0.2)
    ] = 0.0
    levels: Annotated[
        tuple[float, float] | None,
        about("Levels", "Percentiles of grey that become black and white; none leaves the film's own.", "percent"),
    ] = None
    finest: Annotated[
        Annotated[int, Meta(ge=32)] | None,
        about("Finest detail", "The film passes through this size, so that resolution tells nothing.", "pixels"),
    ] = None
    range: Annotated[
        Literal["0..1", "-1..1", "caffe", "torch", "lite"],
        about(
            "Range",
            "What grey becomes: 0..1; -1..1; BGR minus ImageNet's means (caffe); mean and deviation a channel (torch); "
            "(x - 127)/128 (lite).",
        ),
    ] = "lite"


class Network(Section, frozen=True):
    backbone: Annotated[Backbone, about("Backbone", "The convolutional part, by its name in core.networks.backbones.")]
    width: Annotated[
        Annotated[float, Meta(ge=0.1, le=2)] | None, about("Width", "Factor on the channels of mobilenetv2.")
    ] = None
    norms: Annotated[
        bool, about("Normalised", "Batch normalisation after every convolution of vgg16-3x3, which has none.")
    ] = False
    cut: Annotated[str | None, about("Cut", "Where the backbone ends; none keeps it whole.")] = None
    head: Annotated[
        tuple[dict[str, Any], ...],
        about("Head", "Layers after the feature maps, in order; the dense layer of the classes is added to them."),
    ] = ({"layer": "global-average-pooling"},)
    last: Annotated[
        dict[str, Any],
        about("Last layer", "Settings of the dense layer of the classes, such as its activity regulariser."),
    ] = {}
    start: Annotated[
        str,
        about(
            "Start weights",
            "random; imagenet; bundle (given with --start); or recipe:NAME, what that recipe was trained to.",
            wants="random, imagenet, bundle or recipe:NAME",
            pattern=r"^(random|imagenet|bundle|recipe:[a-z0-9-]+)$",
        ),
    ] = "imagenet"


class Augmentation(Section, frozen=True):
    """How far each change goes; each is drawn anew for every film and epoch. Everything is off by default."""

    rotation: Annotated[float, about("Rotation", "Up to this far either way.", "degrees", ge=0, le=45)] = 0.0
    shift_pixels: Annotated[
        float, about("Shift", "Up to this far each way, in pixels of the input.", "pixels", ge=0, le=200)
    ] = 0.0
    shift: Annotated[float, about("Shift", "Up to this share of the side each way.", "share", ge=0, le=0.5)] = 0.0
    zoom: Annotated[float, about("Zoom", "Larger or smaller by up to this.", "share", ge=0, le=0.5)] = 0.0
    least_crop: Annotated[
        float, about("Smallest crop", "Height and width are cropped independently to no less.", "share", ge=0.3, le=1)
    ] = 1.0
    mirror: Annotated[
        bool,
        about("Mirror", "Half of the films. Off: the heart lies on the left, and a turned film must be noticed."),
    ] = False
    fill: Annotated[Literal["black", "edge", "either"], about("Fill", "What comes in from outside the film.")] = "black"
    gamma: Annotated[float, about("Gamma", "Exponent e^±this.", "", ge=0, le=1)] = 0.0
    contrast: Annotated[float, about("Contrast", "Factor 1 ± this about the mean.", "", ge=0, le=0.9)] = 0.0
    brightness: Annotated[float, about("Brightness", "Added, up to this either way.", "of 255", ge=0, le=128)] = 0.0
    noise: Annotated[float, about("Noise", "Deviation up to this.", "of 255", ge=0, le=64)] = 0.0
    softest: Annotated[
        Annotated[int, Meta(ge=16)] | None, about("Softest", "Brought down to no fewer pixels and up again.", "pixels")
    ] = None
    softening_chance: Annotated[float, about("Softened", "Share of the films.", "share", ge=0, le=1)] = 0.6
    marks_chance: Annotated[float, about("Marks", "Boxes and letters over the border.", "share", ge=0, le=1)] = 0.0
    jpeg: Annotated[Annotated[int, Meta(ge=5, le=95)] | None, about("JPEG", "Worst quality.", "")] = None
    views: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        about("Views", "So many looks of each film, which come again; none draws anew every epoch."),
    ] = None
    jpeg_chance: Annotated[float, about("Compressed", "Share of the films.", "share", ge=0, le=1)] = 0.5


class Balance(Section, frozen=True):
    sampling: Annotated[
        Literal["as-is", "classes", "classes-and-sources"],
        about("Sampling", "How often a film is drawn: once; classes equally; and within a class sources by √n."),
    ] = "as-is"
    source_prior: Annotated[
        float,
        about("Source prior", "How much of what the source alone tells of the class is taken off what is learnt.",
              "share", ge=0, le=1),
    ] = 0.0  # fmt: skip
    class_weights: Annotated[bool, about("Class weights", "Films of rare classes count more in the loss.")] = False
    undersample: Annotated[bool, about("Undersample", "No class has more films than the rarest.")] = False
    smote: Annotated[
        Literal["none", "pixels", "features"],
        about("SMOTE", "Made-up films between neighbours of a rare class, inside the training part only."),
    ] = "none"
    smote_neighbours: Annotated[int, about("Neighbours", "Among how many a partner is drawn.", ge=1, le=50)] = 5


class Phase(Section, frozen=True):
    """One stretch of training: what learns, how, and when it ends."""

    name: Annotated[str, about("Name", "For the progress line and the curves.")] = "train"
    trainable: Annotated[
        Literal["all", "head", "last-dense", "cutoff", "last-layers", "last-blocks"],
        about("Learns", "Everything; the head; its last layer; or the backbone from a place on, and the head."),
    ] = "all"
    cutoff: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        about("Cut-off", "Layers 0 to this minus 1 are frozen; the input is layer 0."),
    ] = None
    after: Annotated[str | None, about("After", "Name of the last frozen layer, checked against the number.")] = None
    count: Annotated[
        Annotated[int, Meta(ge=1)] | None, about("Count", "How many layers or blocks from the top learn.")
    ] = None
    norms: Annotated[
        Literal["learn", "measured", "frozen"],
        about(
            "Batch normalisation",
            "Learns where its layer learns, as Keras has it; learns, and its statistics are measured anew at the end; "
            "or keeps its statistics and factors throughout.",
        ),
    ] = "learn"
    loss: Annotated[
        Literal["categorical", "binary"],
        about("Loss", "Cross-entropy over the classes; binary on two softmax units is the same."),
    ] = "categorical"
    smoothing: Annotated[float, about("Label smoothing", "Share of the label given to all.", ge=0, le=0.5)] = 0.0
    attention: Annotated[
        float,
        about("Attention", "How much the share of the class map that lies outside the lungs counts in the loss.",
              ge=0, le=100),
    ] = 0.0  # fmt: skip
    optimiser: Annotated[Literal["adam", "adamw", "sgd"], about("Optimiser", "How weights are moved.")] = "adam"
    momentum: Annotated[float, about("Momentum", "Of SGD.", ge=0, lt=1)] = 0.0
    rate: Annotated[float, about("Rate", "At its highest.", "", gt=0, le=1)] = 1e-3
    schedule: Annotated[
        Literal["constant", "cosine", "plateau"],
        about("Schedule", "How the rate falls: not; along a half cosine; or when the validation loss stays."),
    ] = "constant"
    warm_up: Annotated[float, about("Warm-up", "The rate rises over this many epochs.", "epochs", ge=0, le=50)] = 0.0
    floor: Annotated[float, about("Floor", "The rate ends at this share.", "share", ge=0, le=1)] = 0.0
    plateau_factor: Annotated[float, about("Plateau factor", "The rate times this.", gt=0, lt=1)] = 0.1
    plateau_patience: Annotated[
        int, about("Plateau patience", "After this many epochs without gain.", "epochs", ge=1)
    ] = 5
    decay: Annotated[float, about("Weight decay", "Of AdamW, or decoupled.", ge=0, le=1)] = 0.0
    clip: Annotated[Annotated[float, Meta(gt=0)] | None, about("Clip", "Largest norm of all gradients together.")] = (
        None
    )
    average: Annotated[float, about("Moving average", "Of the weights, this momentum; 0 is none.", ge=0, lt=1)] = 0.0
    batch: Annotated[int, about("Batch", "Films a step.", "films", ge=1, le=1024)] = 32
    epochs: Annotated[int, about("Epochs", "At most.", "epochs", ge=1, le=10_000)] = 10
    early_stop: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        about("Early stop", "After this many epochs without a lower validation loss.", "epochs"),
    ] = None
    keep: Annotated[
        Literal["last", "best-loss", "best-accuracy"],
        about("Keep", "Weights of the last epoch, or of the best one on validation."),
    ] = "last"


class Protocol(Section, frozen=True):
    kind: Annotated[
        Literal["single", "single-with-validation", "k-fold", "leave-one-source-out"],
        about("Kind", "How films are held out to judge."),
    ] = "single-with-validation"
    unit: Annotated[
        Literal["group", "image"],
        about("Unit", "What stays on one side: a group (patient, near duplicates), or, as some papers, an image."),
    ] = "group"
    folds: Annotated[int, about("Folds", "Of k-fold.", "folds", ge=2, le=20)] = 5
    test: Annotated[float, about("Test", "Share held out to judge.", "share", gt=0, lt=0.9)] = 0.2
    validation: Annotated[
        float, about("Validation", "Share of the rest that steers the training.", "share", ge=0, lt=0.9)
    ] = 0.15
    stratified: Annotated[bool, about("Stratified", "Every part has the classes in the same shares.")] = True


class Recipe(Section, frozen=True, kw_only=True):
    format: Annotated[int, about("Format", "Of this file.", ge=1, le=FORMAT)] = FORMAT
    name: Annotated[
        str,
        about("Name", "Also the file's name.", wants="small letters, digits and -", pattern="^[a-z][a-z0-9-]*$"),
    ]
    title: Annotated[str, about("Title", "One line.", min_length=1)]
    paper: Annotated[Literal["", "a", "b", "c", "d", "e"], about("Paper", "Which one it repeats.")] = ""
    called: Annotated[str, about("Called", "The network's or strategy's name in the published table.")] = ""
    summary: Annotated[str, about("Summary", "What it does, in a sentence or two.")] = ""
    classes: Annotated[tuple[RecipeClass, ...], about("Classes", "In their order; none takes those of the data.")] = ()
    positive: Annotated[
        tuple[str, ...],
        about("Positive", "Classes of the one-against-rest view and of the suspicion."),
    ] = ()
    seed: Annotated[int, about("Seed", "Of every draw.", ge=0)] = 0
    input: Input = Input()
    network: Network
    augmentation: Augmentation = Augmentation()
    balance: Balance = Balance()
    phases: Annotated[tuple[Phase, ...], about("Phases", "One after the other.", min_length=1)]
    protocol: Protocol = Protocol()
    unspecified: Annotated[
        dict[str, str],
        about("Unspecified", "Settings on which the paper is silent: dotted key, and why this value."),
    ] = {}
