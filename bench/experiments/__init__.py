"""Trainings on real data, by hand: ``LAMINA_DATA=DIR python -m bench.experiments.NAME``. See docs/experiments.md."""
