"""What the verbs answer, as JSON, to agents and to scripts alike."""
