"""Quick versions by default; LAMINA_LONG_TESTS=1 runs as long as the claims say (minutes)."""
