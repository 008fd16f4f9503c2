-- Group commit: one signed checkpoint may cover several entries, which were committed together. NULL: it covers one.
ALTER TABLE checkpoint ADD COLUMN entries INTEGER CHECK (entries > 1);
