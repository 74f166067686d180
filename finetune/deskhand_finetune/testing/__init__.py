"""Exports to try readers on: the same tickets, written in the shape of every help desk."""

from deskhand_finetune.testing.shape import Part, Shape
from deskhand_finetune.testing.shapes import SHAPES, write_export

__all__ = ["SHAPES", "Part", "Shape", "write_export"]
