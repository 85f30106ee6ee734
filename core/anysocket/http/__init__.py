"""The parts of the handshake's HTTP request: header lines, query, URL and origin."""
