"""Whether MCP servers really start and answer (semantics, "Health, alerts, stopping").

``protocol`` and ``verdict`` are pure; ``probe`` starts servers, ``results`` keeps what was found for those
who only show it, ``approval`` says which servers may be started at all.
"""
