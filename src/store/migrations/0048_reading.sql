-- A case of a review sample may be read by a second person, and where the two differ by a third. The column is empty for a first reading.
ALTER TABLE review_answer ADD COLUMN reading TEXT;
DROP INDEX review_answer_first;
CREATE UNIQUE INDEX review_answer_first ON review_answer(sample_id, case_number, coalesce(reading, 'first')) WHERE corrects IS NULL;
