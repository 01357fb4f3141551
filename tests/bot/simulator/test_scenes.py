from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageChops, ImageOps, ImageStat

from bot.simulator import scenes
from bot.simulator.scenes.__main__ import main
from bot.simulator.scenes.finish import GPS_TABLE, ORIENTATION
from media.hashes import difference_hash, hash_distance

# Drawing one scene takes about a second, so the tests draw few and open all of the shipped files.
QUICK = "exit_chained"
SAME_PHOTO = 10  # bits


def open_sample(photo: str) -> Image.Image:
    return Image.open(io.BytesIO(scenes.read_sample(photo)))


def fingerprint(photo: str) -> int:
    return difference_hash(ImageOps.exif_transpose(open_sample(photo)))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255, blind to the grain of the file format."""
    upright = [ImageOps.exif_transpose(picture) for picture in (one, other)]
    small = [picture.convert("RGB").resize((160, 120), Image.Resampling.BOX) for picture in upright]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def test_same_seed_draws_the_same_picture_and_another_seed_another_view() -> None:
    first = scenes.draw_scene(QUICK, 5)
    assert first.size == (1600, 1200)
    assert first.mode == "RGB"
    assert first.tobytes() == scenes.draw_scene(QUICK, 5).tobytes()
    assert difference(first, scenes.draw_scene(QUICK, 6)) > 5


def test_there_are_sixteen_hazards_and_the_places_mended() -> None:
    assert len(set(scenes.SCENES) - set(scenes.MENDED.values())) == 16
    assert len(set(scenes.MENDED.values())) == len(scenes.MENDED)


@pytest.mark.parametrize(("before", "after"), scenes.MENDED.items())
def test_view_after_the_repair_is_taken_at_the_same_place(before: str, after: str) -> None:
    assert scenes.SCENES[before].place == scenes.SCENES[after].place
    assert f"{after}-1" in scenes.SHIPPED
    assert 3 < difference(open_sample(f"{before}-1"), open_sample(f"{after}-1")) < 50


@pytest.mark.parametrize(("before", "after"), scenes.MENDED.items())
def test_view_after_the_repair_is_not_taken_for_the_one_before(before: str, after: str) -> None:
    """Used again, a photo is flagged to the reviewer: at 10 bits of distance and below it is probably the same."""
    for photo in scenes.SHIPPED:
        if scenes.split_photo(photo)[0] == before:
            assert hash_distance(fingerprint(photo), fingerprint(f"{after}-1")) > SAME_PHOTO, photo


def test_no_two_shipped_photos_of_different_scenes_are_taken_for_one() -> None:
    marks = {photo: fingerprint(photo) for photo in scenes.SHIPPED}
    alike = [
        (one, other)
        for one, other in itertools.combinations(marks, 2)
        if hash_distance(marks[one], marks[other]) <= SAME_PHOTO
        and scenes.split_photo(one)[0] != scenes.split_photo(other)[0]
    ]
    assert alike == []


@pytest.mark.parametrize(
    "photo", ["exit_chained-1", "extinguisher_expired-1", "cable_torn-1", "box_closed-1", "exit_open-1"]
)
def test_shipped_file_is_what_the_command_writes(photo: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path), "--shipped", "--only", photo])
    assert result.exit_code == 0, result.output
    written = Image.open(tmp_path / f"{photo}.jpg")
    shipped = open_sample(photo)
    assert written.size == shipped.size
    assert difference(written, shipped) < 2
    assert written.getexif() == shipped.getexif()


def test_samples_folder_holds_the_shipped_photos_and_nothing_more() -> None:
    assert {path.stem for path in scenes.SAMPLES.glob("*.jpg")} == set(scenes.SHIPPED)
    assert sum(path.stat().st_size for path in scenes.SAMPLES.iterdir()) <= 3.5 * 1024**2
    assert {scenes.split_photo(photo)[0] for photo in scenes.SHIPPED} == set(scenes.SCENES)


@pytest.mark.parametrize("photo", scenes.SHIPPED)
def test_shipped_photo_opens_upright_with_its_tags(photo: str) -> None:
    picture = open_sample(photo)
    drawing = scenes.SCENES[scenes.split_photo(photo)[0]]
    tags = picture.getexif()
    assert picture.format == "JPEG"
    assert tags.get(ORIENTATION, 1) == drawing.orientation
    assert picture.size == ((960, 1280) if drawing.orientation == 6 else (1280, 960))
    assert ImageOps.exif_transpose(picture).size == (1280, 960)
    position = tags.get_ifd(GPS_TABLE)
    assert bool(position) == (drawing.position is not None)
    if drawing.position is not None:
        degrees, minutes, seconds = (float(part) for part in position[2])
        assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(drawing.position[0], abs=1e-5)
        assert (position[1], position[3]) == ("N", "E")


@pytest.mark.parametrize("photo", scenes.SHIPPED)
def test_shipped_photo_shows_something(photo: str) -> None:
    spread = ImageStat.Stat(open_sample(photo).convert("L")).stddev[0]
    assert spread > 18  # a blank or broken picture has next to none


def test_two_views_of_one_hazard_are_not_the_same_file() -> None:
    for photo in scenes.SHIPPED:
        name, seed = scenes.split_photo(photo)
        if seed == 2:
            assert difference(open_sample(f"{name}-1"), open_sample(photo)) > 2


def test_some_photos_carry_a_position_and_some_a_turn_and_some_neither() -> None:
    drawings = scenes.SCENES.values()
    assert {drawing.orientation for drawing in drawings} == {1, 3, 6}
    assert any(drawing.position for drawing in drawings)
    assert any(drawing.position is None and drawing.orientation == 1 for drawing in drawings)


@pytest.mark.parametrize("photo", ["box_open-9", "../week", "", "box_open"], ids=["seed", "path", "empty", "bare"])
def test_refuses_photo_that_is_not_shipped(photo: str) -> None:
    with pytest.raises(scenes.UnknownSceneError, match="no sample photo"):
        scenes.read_sample(photo)


@pytest.mark.parametrize("photo", ["box_open", "box_open-", "box_open-x", "volcano-1"])
def test_refuses_to_split_what_is_no_photo_name(photo: str) -> None:
    with pytest.raises(scenes.UnknownSceneError):
        scenes.split_photo(photo)


def test_refuses_to_draw_unknown_scene() -> None:
    with pytest.raises(scenes.UnknownSceneError, match="corridor_blocked"):
        scenes.draw_scene("volcano", 1)
