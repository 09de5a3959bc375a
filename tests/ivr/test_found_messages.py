"""Messages that the dialplan took alone: found once, whatever happens meanwhile; what is no message is left alone."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AnyFact, AnyInput
from ivr.found_messages import FoundMessages, read_name

NOW = 1_732_618_500_000
NAME = "pbx1-1732618405.12_13800138000_4001.wav"


class Floor:
    """The ACD, which may be told by several who look one after the other; `facts` is all that it has said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "taken"
        self.messages = folder / "messages"
        self.folder.mkdir()
        self.messages.mkdir()
        self.acd = Acd()
        self.facts: list[AnyFact] = []

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        facts = self.acd.handle(said)
        self.facts += facts
        return facts

    def looker(self) -> FoundMessages:
        return FoundMessages({"pbx1": self.folder}, self.messages, self.tell, lambda: NOW)

    def record(self, name: str = NAME, seconds: int = 1) -> Path:
        with wave.open(str(self.folder / name), "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes(bytes(16_000 * seconds))
        return self.folder / name


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path)


TAKEN = "message-pbx1-1732618405.12_13800138000_4001.wav"


async def test_a_message_is_told_of_with_all_that_its_name_says_and_put_to_the_others(floor: Floor) -> None:
    path = floor.record()
    os.utime(path, (1_732_618_430, 1_732_618_430))
    await floor.looker().look()
    call, numbers = "pbx1-1732618405.12", ("pbx1", "13800138000", "4001")
    assert floor.facts == [say.MessageTaken(call, TAKEN, *numbers, 1_732_618_405_000, 1_732_618_430_000)]
    assert [file.name for file in floor.messages.iterdir()] == [TAKEN]
    assert not [*floor.folder.iterdir()]


async def test_killed_between_the_journal_and_the_move_it_is_recorded_once(floor: Floor) -> None:
    source = floor.record()
    content = source.read_bytes()
    await floor.looker().look()
    (floor.messages / TAKEN).rename(source)  # as if the move had not come to be
    (floor.messages / f"{TAKEN}.part").write_bytes(b"torn")
    await floor.looker().look()
    assert len(floor.facts) == 1
    assert (floor.messages / TAKEN).read_bytes() == content
    assert not source.exists()


async def test_what_is_still_being_recorded_is_left_until_it_is_whole(floor: Floor) -> None:
    path, looker = floor.record(), floor.looker()
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(4) + whole[44:8_000])
    await looker.look()
    with path.open("ab") as file:
        file.write(whole[8_000:12_000])
    await looker.look()
    assert not floor.facts
    assert path.exists()
    path.write_bytes(whole)
    await looker.look()
    assert len(floor.facts) == 1


async def test_a_recording_that_the_switchs_death_cut_short_is_taken_as_it_is(floor: Floor) -> None:
    path, looker = floor.record(), floor.looker()
    path.write_bytes(path.read_bytes()[:40] + bytes(4_000))
    await looker.look()
    await looker.look()
    assert len(floor.facts) == 1
    assert (floor.messages / TAKEN).stat().st_size == 4_040


async def test_a_folder_that_both_use_is_no_harm(floor: Floor) -> None:
    floor.record()
    looker = FoundMessages({"pbx1": floor.folder}, floor.folder, floor.tell, lambda: NOW)
    (floor.folder / "message-pbx1-1.1.wav").write_bytes(b"the IVR's own")
    with capture_logs() as log:
        await looker.look()
        await looker.look()
    assert len(floor.facts) == 1
    assert [entry["log_level"] for entry in log] == ["info"]
    assert (floor.folder / TAKEN).exists()


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "pbx1-1732618405.12_1_2.wav.part",
        "pbx1-1732618405_1_2.wav",
        "pbx1-1732618405.12_1;rm -rf_2.wav",
        "pbx1-1732618405.12_1_2\n.wav",
        "pbx1-1732618405.12_<b>_2.wav",
        "pbx1-1732618405.12_\u0661_2.wav",
        b"pbx1-1732618405.12_\xff_2.wav".decode(errors="surrogateescape"),
        "pbx1-" + "1" * 30 + ".12_1_2.wav",
    ],
)
async def test_a_strange_name_is_left_alone_and_said_once(floor: Floor, name: str) -> None:
    assert read_name(name) is None
    (floor.folder / name).write_bytes(b"x")
    looker = floor.looker()
    with capture_logs() as log:
        for _ in range(3):
            await looker.look()
    assert [entry["event"] for entry in log] == ["ivr.message_strange"]
    assert log[0]["path"].isascii()
    assert not floor.facts
    assert (floor.folder / name).read_bytes() == b"x"


async def test_a_link_a_folder_and_a_pipe_are_no_messages(floor: Floor, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (floor.folder / "pbx1-1732618405.1_1_2.wav").symlink_to(secret)
    (floor.folder / "pbx1-1732618405.2_1_2.wav").mkdir()
    os.mkfifo(floor.folder / "pbx1-1732618405.3_1_2.wav")
    floor.record()
    looker = floor.looker()
    for _ in range(2):
        await looker.look()
    assert len(floor.facts) == 1
    assert [file.name for file in floor.messages.iterdir()] == [TAKEN]
    assert len([*floor.folder.iterdir()]) == 3


async def test_what_another_node_that_shares_the_folder_has_taken_is_left_to_it(floor: Floor) -> None:
    floor.record(NAME.replace("pbx1", "pbx2"))
    with capture_logs() as log:
        await floor.looker().look()
    assert not floor.facts
    assert not log


async def test_no_folder_is_no_message_and_one_that_cannot_be_moved_is_told_of_once(floor: Floor) -> None:
    path = floor.record()
    floor.messages.rmdir()
    looker = floor.looker()
    with capture_logs() as log:
        await looker.look()
        await looker.look()
    assert len(floor.facts) == 1
    assert path.exists()
    assert [entry["event"] for entry in log] == ["ivr.message_found", "ivr.message_not_moved"]
    nowhere = FoundMessages({"pbx1": floor.messages}, floor.folder, floor.tell, lambda: NOW)
    await nowhere.look()
    assert len(floor.facts) == 1
