"""aiemp keeps an AI employee alive: schedules, watchers and health for an Obsidian vault."""

__version__ = "0.1.0"
