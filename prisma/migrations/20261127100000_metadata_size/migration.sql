SET lock_timeout = '5s';

-- Metadata has at most 10 keys and 1,024 characters of JSON. The service checks this exactly. The
-- database counts the keys exactly and bounds the size: PostgreSQL writes the number 1e308 with 309
-- digits, so 1,024 characters can become about 45,000.
--
-- NOT VALID: new rows are checked from now on, and no table is scanned under its lock. The next
-- migration checks the existing rows.
ALTER TABLE products ADD CONSTRAINT products_metadata_size CHECK (
  jsonb_array_length(jsonb_path_query_array(metadata, '$.keyvalue()')) <= 10
  AND octet_length(metadata::text) <= 65536) NOT VALID;
ALTER TABLE customers ADD CONSTRAINT customers_metadata_size CHECK (
  jsonb_array_length(jsonb_path_query_array(metadata, '$.keyvalue()')) <= 10
  AND octet_length(metadata::text) <= 65536) NOT VALID;
ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_metadata_size CHECK (
  jsonb_array_length(jsonb_path_query_array(metadata, '$.keyvalue()')) <= 10
  AND octet_length(metadata::text) <= 65536) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT orders_metadata_size CHECK (
  jsonb_array_length(jsonb_path_query_array(metadata, '$.keyvalue()')) <= 10
  AND octet_length(metadata::text) <= 65536) NOT VALID;
ALTER TABLE seats ADD CONSTRAINT seats_metadata_size CHECK (
  jsonb_array_length(jsonb_path_query_array(metadata, '$.keyvalue()')) <= 10
  AND octet_length(metadata::text) <= 65536) NOT VALID;
