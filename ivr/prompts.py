"""Every sentence a caller hears, in Chinese and English. Pure.

Whole sentences, not spliced words: a voice keeps its melody, and a studio records some sixty files a language. So
numbers are spoken in steps (`PLACES`, `MINUTES`), and all that can ever be said is listed by `all_prompts`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ivr.settings import IvrSettings, Language

PLACES = range(1, 31)
"""Callers ahead that are counted aloud; from there on it is "more than 30"."""

MINUTES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""Expected waits that are spoken: the next step up, so that a caller is seldom told too little."""


class Prompt(msgspec.Struct, frozen=True):
    """One sentence in one language: the unit that is made ahead, cached and played."""

    language: Language
    text: str


SENTENCES: dict[Language, dict[str, str]] = {
    "zh": {
        "wrong": "对不起，没有这个选项。",
        "no_key": "对不起，没有收到您的按键。",
        "goodbye": "感谢您的来电，再见。",
        "next": "您是下一位。",
        "far": "您前面还有三十多位来电者。",
        "long": "预计等待时间超过一小时。",
        "choices": "继续等待请按一，需要我们回电请按二，留言请按三。",
        "choices_callback": "继续等待请按一，需要我们回电请按二。",
        "choices_message": "继续等待请按一，留言请按三。",
        "hold": "请稍候，我们的客服会尽快接听您的来电。",
        "call_at": "我们将回拨这个号码：",
        "confirm": "确认请按一，更换号码请按二。",
        "enter_number": "请输入您的电话号码，以井号键结束。",
        "callback_noted": "已经为您登记，我们会尽快给您回电。感谢您的来电，再见。",
        "leave_message": "请在提示音后留言，留言结束后请按井号键或直接挂机。",
        "message_noted": "您的留言已经收到。感谢您的来电，再见。",
    },
    "en": {
        "wrong": "Sorry, that is not one of the choices.",
        "no_key": "Sorry, we did not receive a key.",
        "goodbye": "Thank you for calling. Goodbye.",
        "next": "You are next in line.",
        "far": "There are more than 30 callers ahead of you.",
        "long": "The expected wait is more than an hour.",
        "choices": "To keep waiting, press 1. To be called back, press 2. To leave a message, press 3.",
        "choices_callback": "To keep waiting, press 1. To be called back, press 2.",
        "choices_message": "To keep waiting, press 1. To leave a message, press 3.",
        "hold": "Please hold. We will answer your call as soon as we can.",
        "call_at": "We will call you back at this number:",
        "confirm": "To confirm, press 1. To give another number, press 2.",
        "enter_number": "Please enter your telephone number, then press the hash key.",
        "callback_noted": "Thank you. We will call you back as soon as we can. Goodbye.",
        "leave_message": "Please leave your message after the tone. When you have finished, press hash or hang up.",
        "message_noted": "We have your message. Thank you for calling. Goodbye.",
    },
}

# A telephone number is read figure by figure; one is `yāo` there in Chinese, since `yī` sounds like seven, `qī`.
FIGURES: dict[Language, str] = {"zh": "零幺二三四五六七八九", "en": "0123456789"}


KEYS: dict[Language, dict[str, str]] = {
    "zh": {"*": "星号键", "#": "井号键"},
    "en": {"*": "star", "#": "hash"},
}
"""Keys that are not spoken as a figure."""


def sentence(language: Language, name: str) -> Prompt:
    return Prompt(language, SENTENCES[language][name])


def place(language: Language, position: int) -> Prompt:
    """`position` counts from 1, as in `CallQueued`; spoken is how many callers are ahead."""
    ahead = position - 1
    if ahead < 1:
        return sentence(language, "next")
    if ahead not in PLACES:
        return sentence(language, "far")
    if language == "zh":
        return Prompt(language, f"您前面还有{'两' if ahead == 2 else ahead}位来电者。")
    return Prompt(language, f"There {'is 1 caller' if ahead == 1 else f'are {ahead} callers'} ahead of you.")


def wait(language: Language, expected_wait_ms: int) -> Prompt:
    minutes = next((step for step in MINUTES if expected_wait_ms <= step * 60_000), None)
    if minutes is None:
        return sentence(language, "long")
    if language == "zh":
        return Prompt(language, f"预计等待约{'两' if minutes == 2 else minutes}分钟。")
    return Prompt(language, f"The expected wait is about {minutes} {'minute' if minutes == 1 else 'minutes'}.")


def figures(language: Language, number: str) -> list[Prompt]:
    """A telephone number, figure by figure; what is not a figure (a leading plus) is not spoken."""
    return [Prompt(language, FIGURES[language][int(figure)]) for figure in number if figure in "0123456789"]


def exit_hint(language: Language, key: str) -> Prompt:
    """How the choices are heard again while waiting."""
    spoken = KEYS[language].get(key) or figures(language, key)[0].text
    if language == "zh":
        return Prompt(language, f"等待时，您可以随时按{spoken}重新选择。")
    return Prompt(language, f"For other choices while you wait, press {spoken} at any time.")


def place_and_wait(language: Language, position: int, expected_wait_ms: int | None) -> list[Prompt]:
    """An unknown wait is not mentioned: a number that we do not have is better not spoken."""
    spoken = [place(language, position)]
    if expected_wait_ms is not None:
        spoken.append(wait(language, expected_wait_ms))
    return spoken


def all_prompts(settings: IvrSettings) -> list[Prompt]:
    """All that these settings can ever let a caller hear, each once, in a steady order."""
    prompts: list[Prompt] = []
    for hotline in settings.hotlines.values():
        if hotline.greeting:
            prompts.append(Prompt(hotline.language, hotline.greeting))
        flow = settings.flows[hotline.flow]
        texts = [*(text for _, text in flow.texts()), *settings.announcements.values()]
        prompts.extend(Prompt(hotline.language, text[hotline.language]) for text in texts)
        if flow.exit_key:
            prompts.append(exit_hint(hotline.language, flow.exit_key))
    for language in dict.fromkeys(hotline.language for hotline in settings.hotlines.values()):
        prompts.extend(_stock(language))
    return list(dict.fromkeys(prompts))


def _stock(language: Language) -> Iterable[Prompt]:
    yield from (sentence(language, name) for name in SENTENCES[language])
    yield from (place(language, ahead + 1) for ahead in PLACES)
    yield from (wait(language, minutes * 60_000) for minutes in MINUTES)
    yield from figures(language, "0123456789")
