SET lock_timeout = '5s';

-- Reads and writes go on meanwhile: VALIDATE CONSTRAINT takes a weak lock only.
ALTER TABLE products VALIDATE CONSTRAINT products_metadata_size;
ALTER TABLE customers VALIDATE CONSTRAINT customers_metadata_size;
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_metadata_size;
ALTER TABLE orders VALIDATE CONSTRAINT orders_metadata_size;
ALTER TABLE seats VALIDATE CONSTRAINT seats_metadata_size;
