//! Waves, critical path, slack.
