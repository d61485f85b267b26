-- Every function in the hash of a row, applied to values with known results.
select array[
    hashint4extended(-1912, '7165064744911531618'::int8),
    hashint4extended(7, '-2478'::int8 # '9007199254740993'::int8),
    hashtextextended('crossover' collate "C", '2478'::int8),
    hashtextextended('' collate "C", '-1'::int8),
    uuid_hash_extended('6f1e3a52-0c4b-4d7a-9b1e-2f3a4b5c6d7e'::uuid, '99'::int8),
    interval_hash_extended('2024-02-29 12:34:56.789012+00'::timestamptz - '2013-07-19 03:47:11.582913+00'::timestamptz, '5'::int8),
    hash_numeric_extended('-1234567.89'::numeric, '41'::int8)
] as answers
