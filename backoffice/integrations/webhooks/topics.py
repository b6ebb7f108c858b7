"""What can be told to others. Each room registers its topics from `AppConfig.ready()`."""

from dataclasses import dataclass

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Topic:
    """One kind of message. `code` is `thing.happened`; what `data` holds is described in docs/api.md and only ever added to."""

    code: str
    label: Text


class UnknownTopic(ValueError):
    """No room has registered this topic."""


_topics: dict[str, Topic] = {}


def register(*topics: Topic) -> None:
    for topic in topics:
        _topics[topic.code] = topic


def known() -> list[Topic]:
    return [topic for _code, topic in sorted(_topics.items())]


def check(codes: list[str]) -> list[str]:
    """The codes in order, each once. Raises UnknownTopic for one that no room knows, and for none at all."""
    unknown = sorted(set(codes) - _topics.keys())
    if unknown or not codes:
        raise UnknownTopic(f"{', '.join(unknown) or 'Nothing'} is not a topic. Known are {', '.join(sorted(_topics))}.")
    return sorted(set(codes))
