-- Lists that begin with the newest, however long they are.
CREATE INDEX episode_entry ON episode(entry);
CREATE INDEX episode_batch_report ON episode_batch(report_id);
