//! Reference, policy, monitor, assessment, report, episode: the judgement of one batch.
