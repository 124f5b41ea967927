"""A brain-window and a bone-window AVI become one scan in HU, in every codec; what is amiss is one line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.read.ct_ich_jpg import combine
from ichor.read.open import read_here
from ichor.windows import BONE, BRAIN
from paths import CT_ICH_PART
from phantom import head
from synthetic_video import CODECS, in_window, write_pair, write_video

HU = head(6, 64, 48)
BRAIN_GRAY, BONE_GRAY = in_window(HU, BRAIN), in_window(HU, BONE)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return write_pair(tmp_path / "scan", HU)


def refusal(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(UnreadableInput) as refused:
        read_here(path, options or ReadOptions())
    (line,) = str(refused.value).splitlines()
    assert "expected" in line and "found" in line
    return line


def test_uncompressed_videos_are_the_hu_of_their_windows_to_the_step(pair: Path) -> None:
    scan = open_scan(pair)
    expected = np.stack([combine(*both) for both in zip(BRAIN_GRAY, BONE_GRAY, strict=True)])
    np.testing.assert_array_equal(scan.voxels, expected)
    inside = (HU > -19) & (HU < 99)
    assert np.abs(scan.voxels - HU)[inside].max() <= 0.5
    assert np.abs(scan.voxels - np.clip(HU, -900, 2300))[~inside].max() <= 6.5


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_and_color_is_read_frame_by_frame(codec: str, tmp_path: Path) -> None:
    # A ramp in steps of four pixels, which all codecs keep in their blocks, another one on each frame.
    ramp = np.tile(np.repeat(np.linspace(0, 255, 16), 4).astype(np.uint8), (32, 1))
    frames = np.stack([np.roll(ramp, 8 * k, axis=1) for k in range(5)])
    folder = tmp_path / "scan"
    folder.mkdir()
    for window in ("brain", "bone"):
        write_video(folder / f"{window}.avi", frames, codec)
    with av.open(str(folder / "brain.avi")) as made:
        assert made.streams.video[0].codec_context.name == CODECS[codec][0]
    # The brain window alone tells the gray where it is not clipped.
    hu = open_scan(folder).voxels
    middle = (frames > 16) & (frames < 239)
    tolerance = {"rawvideo": 0.0, "mjpeg": 3.0, "msvideo1": 17.0}[
        CODECS[codec][0]
    ]  # gray; MS Video 1 has 2 or 8 colours a block
    assert np.abs(BRAIN.gray(hu) - frames)[middle].max() <= tolerance + 1e-3


def test_a_folder_and_either_of_its_files_are_the_same_scan(pair: Path) -> None:
    of_folder = open_scan(pair)
    assert of_folder.source.kind == "video"
    for name in ("head_brain.avi", "head_bone.avi"):
        of_file = open_scan(pair / name)
        np.testing.assert_array_equal(of_file.voxels, of_folder.voxels)
        assert of_file.source.path == pair / name


def test_of_several_pairs_in_a_folder_one_file_names_one(pair: Path) -> None:
    for window in ("brain", "bone"):
        write_video(pair / f"other_{window}.AVI", in_window(HU[::-1], BRAIN if window == "brain" else BONE))
    assert "if there are several pairs, specify one file" in refusal(pair)
    np.testing.assert_array_equal(
        open_scan(pair / "other_bone.AVI").voxels[::-1], open_scan(pair / "head_bone.avi").voxels
    )


def test_a_zip_of_a_pair_is_read(pair: Path, tmp_path: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", pair))
    np.testing.assert_array_equal(open_scan(packed).voxels, open_scan(pair).voxels)


def test_sizes_given_by_the_user_are_the_scans(pair: Path) -> None:
    assert open_scan(pair).spacing_mm is None
    assert open_scan(pair, ReadOptions(pixel_mm=0.4, slice_mm=5)).spacing_mm == (0.4, 0.4, 5)


def test_borders_with_writing_are_cropped_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for name, gray in (("brain", BRAIN_GRAY), ("bone", BONE_GRAY)):
        framed = np.zeros((len(gray), 64 + 10, 48 + 5, 3), np.uint8)
        framed[:, 3:-7, 1:-4] = gray[..., None]
        framed[:, -4:, 5:20] = (255, 255, 0)  # yellow writing below
        write_video(folder / f"{name}.avi", framed, "rawvideo RGB")
    assert "color in frame 1" in refusal(folder) and "crop" in refusal(folder)
    cropped = open_scan(folder, ReadOptions(crop=(3, 4, 7, 1)))
    np.testing.assert_array_equal(cropped.voxels, open_scan(write_pair(tmp_path / "plain", HU)).voxels)
    assert "a crop that leaves some of 53 x 74 pixels" in refusal(folder, ReadOptions(crop=(40, 0, 40, 0)))


def test_inspect_takes_the_crop_from_the_command_line(pair: Path) -> None:
    def inspect(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ichor", "inspect", str(pair), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert "56x40" in inspect("--crop", "4").stdout
    for wrong in ("4,5", "-1", "a"):
        done = inspect("--crop", wrong)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--crop: expected" in done.stderr


def test_a_file_without_its_partner_says_which_is_missing(pair: Path) -> None:
    (pair / "head_bone.avi").unlink()
    assert "the bone-window video with the same name" in refusal(pair / "head_brain.avi")
    assert "one with brain and one with bone" in refusal(pair)


def test_names_without_a_window_are_refused(pair: Path) -> None:
    (pair / "head_bone.avi").rename(pair / "2.avi")
    assert "with brain or bone" in refusal(pair / "2.avi")
    assert "2.avi" in refusal(pair)


def test_frame_counts_that_differ_are_both_named(pair: Path) -> None:
    write_video(pair / "head_bone.avi", BONE_GRAY[:-1])
    line = refusal(pair)
    assert "expected 6 frames" in line and "found 5" in line and "head_bone.avi" in line


def test_sizes_that_differ_are_both_named(pair: Path) -> None:
    write_video(pair / "head_bone.avi", BONE_GRAY[:, :-8])
    line = refusal(pair)
    assert "expected 48 x 64 pixels" in line and "found 48 x 56" in line


@pytest.mark.parametrize("codec", ["rawvideo gray", "mjpeg", "msvideo1"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_video_is_refused(codec: str, kept: float, tmp_path: Path) -> None:
    folder = write_pair(tmp_path / "scan", HU, codec)
    file = folder / "head_bone.avi"
    content = file.read_bytes()
    index = content.find(b"idx1")  # FFmpeg's index at the end is no part of the frames
    file.write_bytes(content[: int(index * kept)])
    assert str(file) in refusal(folder)


def test_frames_destroyed_in_the_middle_are_refused(tmp_path: Path) -> None:
    folder = write_pair(tmp_path / "scan", HU, "mjpeg")
    file = folder / "head_brain.avi"
    content = bytearray(file.read_bytes())
    frame = content.find(b"\xff\xd8", len(content) // 2)
    content[frame + 300 : frame + 500] = bytes(200)
    file.write_bytes(content)
    assert str(file) in refusal(folder)


def test_more_frames_than_the_header_says_do_not_bypass_the_limit(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair / "head_brain.avi"
    content = bytearray(file.read_bytes())
    for place in (content.find(b"avih") + 24, content.find(b"strh") + 40):
        assert int.from_bytes(content[place : place + 4], "little") == len(HU)
        content[place : place + 4] = (1).to_bytes(4, "little")
    file.write_bytes(content)
    monkeypatch.setattr("ichor.read.video.MAX_VOXELS", 4 * 64 * 48)
    line = refusal(pair)
    assert str(file) in line and "found 5 of 48 x 64" in line


@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0AVI ", b"%PDF-1.7 a letter\n" * 50, bytes(4096)])
def test_input_that_is_not_a_video_is_refused(content: bytes, pair: Path) -> None:
    (pair / "head_brain.avi").write_bytes(content)
    assert str(pair / "head_brain.avi") in refusal(pair)


def test_sound_without_pictures_is_refused(pair: Path) -> None:
    with av.open(str(pair / "head_brain.avi"), "w", format="avi") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        for packet in (*stream.encode(frame), *stream.encode()):
            container.mux(packet)
    assert "expected a video" in refusal(pair)


def test_sizes_that_are_not_positive_are_refused(pair: Path) -> None:
    assert "a pixel size of 0.05 to 10 mm" in refusal(pair, ReadOptions(pixel_mm=0))


def test_without_pyav_one_line_says_what_to_install(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install 'ichor-ct[video]'" in refusal(pair)


def test_other_formats_are_read_without_pyav() -> None:
    code = "import sys; sys.modules['av'] = None; from ichor.read import open_scan; open_scan(sys.argv[1])"
    subject = CT_ICH_PART / "Patients_CT" / "049"
    subprocess.run([sys.executable, "-c", code, str(subject)], check=True)
