"""A guest agent and a provisioning service for machines without TDX: see README.md."""
