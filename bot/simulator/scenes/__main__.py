"""The command that writes the sample photos: python -m bot.simulator.scenes FOLDER."""

from __future__ import annotations

from pathlib import Path

import click

from bot.simulator.scenes import SAMPLE_QUALITY, SAMPLE_WIDTH, SHIPPED, encode_scene, split_photo


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--width", default=1600, show_default=True, help="Pixels across.")
@click.option("--quality", default=80, show_default=True, help="JPEG quality.")
@click.option("--shipped", is_flag=True, help="The size and quality of the files shipped with the demo.")
@click.option("--only", multiple=True, help="Write only this photo, such as box_open-1; may be repeated.")
def main(folder: Path, width: int, quality: int, shipped: bool, only: tuple[str, ...]) -> None:
    """Draw the sample photos into FOLDER."""
    if shipped:
        width, quality = SAMPLE_WIDTH, SAMPLE_QUALITY
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for photo in only or SHIPPED:
        name, seed = split_photo(photo)
        content = encode_scene(name, seed, width=width, quality=quality)
        (folder / f"{photo}.jpg").write_bytes(content)
        total += len(content)
        click.echo(f"{photo}.jpg  {len(content) // 1024} KiB")
    click.echo(f"{total / 1024**2:.2f} MiB")


if __name__ == "__main__":
    main()
