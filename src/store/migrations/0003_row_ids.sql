-- The ids of a batch's rows, as a stored object: evidence counts every row once.
ALTER TABLE batch ADD COLUMN row_ids TEXT;
