"""The MCP server of wikipin: its verbs as tools for coding agents."""
