"""What a bundle's numbers stand for: its titles, the mix that its probabilities hold for, and the site's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gui.reading import words

# The locked test tells most; a bundle without one says what the mix is of.
_SETS = {"test": "test set", "validation": "validation set", "training": "training set"}
# A share of the attention this near the lungs' share of the picture is what any map would give.
_CHANCE, _LITTLE = 0.05, 0.25
_PER_CENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class Meaning:
    """titles: of the classes, by name. mix: their shares in `mix_of`, {} where the bundle has none; held: those that
    the probabilities were calibrated on. site: their shares here, None where nobody stated them. point: name of the
    operating point in use. suspicious: the classes that one "has"; the others one "is"."""

    bundle: str = ""
    classes: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    mix: Mapping[str, float] = field(default_factory=dict)
    mix_of: str = ""
    held: Mapping[str, float] = field(default_factory=dict)
    site: Mapping[str, float] | None = None
    point: str = ""
    threshold: float | None = None
    suspicious: frozenset[str] = frozenset()

    def title(self, name: str) -> str:
        """A class's title as the bundle gives it."""
        return words.title(name, self.titles)

    def at_site(self, site: object) -> Meaning:
        """The same bundle at a site with these shares; what cannot be its classes' shares is no statement."""
        if not isinstance(site, Mapping):
            return replace(self, site=None)
        from core.inference.prevalence import reweighted

        try:
            # A film that says nothing of its own: what comes out are the site's shares, checked and adding up to 1.
            return replace(self, site=reweighted(self.held, self.held, site))
        except (TypeError, ValueError):
            return replace(self, site=None)

    def shown(self, probabilities: Mapping[str, float]) -> Mapping[str, float]:
        """Probabilities as they are shown: re-weighted to the site where its shares are stated."""
        if self.site is None:
            return probabilities
        from core.inference.prevalence import reweighted

        return reweighted(probabilities, self.held, self.site)

    def finding(self, probabilities: Mapping[str, float]) -> str:
        """The most probable class and its probability, as the list shows them."""
        shown = self.shown(probabilities)
        name = max(shown, key=lambda one: shown[one])
        return f"{self.title(name)} {words.probability(shown[name])}"

    def frequency(self, name: str, probability: float) -> str:
        """A probability as a frequency, with the mix that it holds for; "" where the bundle states none."""
        of_hundred, title = _of_hundred(probability), words.in_sentence(self.title(name))
        has = name in self.suspicious
        if self.site is not None:
            return (
                f"Of 100 such films at a site of this mix, {of_hundred} would {'have it' if has else f'be {title}'}; "
                f"{_percent(self.site[name])} of all its films are {title}."
            )
        if name not in self.mix:
            return ""
        share = _percent(self.mix[name])
        was = "had it" if has else f"were {title}"
        return f"Of 100 such films in the {self.mix_of}, {of_hundred} {was}; {share} of that set were {title}."

    @property
    def of_site(self) -> str:
        """How the probabilities were re-weighted, and what was not; "" where they were not."""
        if self.site is None:
            return ""
        mix = ", ".join(f"{_percent(self.site[name])} {words.in_sentence(self.title(name))}" for name in self.classes)
        return f"Re-weighted to this site: {mix}. The operating point stays on the suspicion before that."


def meaning_of(about: Mapping[str, Any]) -> Meaning:
    """What the assessor's answer to ("about",) says of its bundle."""
    from core.inference.prevalence import stated_mix

    titles = dict(about["titles"])
    class_mix = about.get("class_mix") or {}
    of = next((one for one in _SETS if set(class_mix.get(one) or ()) == set(titles)), "")
    counted = sum(class_mix[of].values()) if of else 0
    point = about.get("operating_point") or {}
    return Meaning(
        bundle=str(about["name"]),
        classes=tuple(titles),
        titles=titles,
        mix={name: class_mix[of][name] / counted for name in titles} if counted else {},
        mix_of=_SETS.get(of, ""),
        held=dict(stated_mix(class_mix) or {}),
        point=str(point.get("name", "")),
        threshold=point.get("threshold"),
        suspicious=frozenset(about.get("suspicion") or titles),
    )


def of_attention(title: str, share: float, area: float) -> str:
    """Where what speaks for a class lies, beside what chance would put there. share, area: 0…1, of the lungs."""
    what, lungs = words.in_sentence(title), _percent(area)
    beside = f"lies inside the lungs, which are {lungs} of the picture"
    if area <= 0:
        return f"{_percent(share)} of what speaks for {what} {beside}."
    times = share / area
    if times < 1 - _CHANCE:
        judged = "less than chance would put there"
    elif times <= 1 + _CHANCE:
        judged = "what chance would put there"
    elif times <= 1 + _LITTLE:
        judged = "little more than chance"
    else:
        judged = f"{times:.1f} times what chance would put there"
    return f"{_percent(share)} of what speaks for {what} {beside}: {judged}."


def _percent(share: float) -> str:
    value = 100 * share
    if 0 < value < 1:
        return f"under 1{_PER_CENT}"
    return f"over 99{_PER_CENT}" if 99 < value < 100 and round(value) == 100 else f"{value:.0f}{_PER_CENT}"


def _of_hundred(probability: float) -> str:
    count = round(100 * probability)
    if probability > 0 and count == 0:
        return "fewer than 1"
    return "more than 99" if probability < 1 and count == 100 else f"about {count}"
