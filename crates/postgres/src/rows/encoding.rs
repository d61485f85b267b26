//! The encoding in which a column is hashed, by the name of its type in the catalogue.

use crossover_core::rows::ColumnEncoding;

/// PostgreSQL adds this to the modifier that encodes precision and scale of a numeric.
const HEADER: i32 = 4;

/// The encoding of a column, decided by the base type (`int8`, `timestamptz`, `_text`), by whether PostgreSQL
/// itself defines that type, and by its modifier (-1 for none).
pub(super) fn own_encoding(base_type: &str, built_in: bool, modifier: i32) -> ColumnEncoding {
    if !built_in {
        return ColumnEncoding::TypeOutput;
    }
    match base_type {
        "int2" | "int4" => ColumnEncoding::Int4,
        // Not `hashint8`, which combines the two halves, so that 0 and 2^32+1 have the same hash.
        "int8" => ColumnEncoding::Int8,
        "bool" => ColumnEncoding::Bool,
        "uuid" => ColumnEncoding::Uuid,
        "text" | "varchar" => ColumnEncoding::Text,
        "date" => ColumnEncoding::Date,
        "timestamp" => ColumnEncoding::Timestamp,
        "timestamptz" => ColumnEncoding::TimestampTz,
        "numeric" if modifier >= HEADER => {
            let [high, low] = [(modifier - HEADER) >> 16, (modifier - HEADER) & 0xFFFF];
            ColumnEncoding::FixedNumeric {
                precision: high as u16,
                scale: low as u16,
            }
        }
        "bpchar" | "_bpchar" | "inet" | "xml" => ColumnEncoding::TypeOutput,
        _ => ColumnEncoding::TextCast,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_hash_is_used_only_where_equal_values_print_alike() {
        let cases = [
            ("int2", ColumnEncoding::Int4),
            ("int4", ColumnEncoding::Int4),
            ("int8", ColumnEncoding::Int8),
            ("varchar", ColumnEncoding::Text),
            ("text", ColumnEncoding::Text),
            ("numeric", ColumnEncoding::TextCast),
            ("json", ColumnEncoding::TextCast),
            ("jsonb", ColumnEncoding::TextCast),
            ("interval", ColumnEncoding::TextCast),
            ("bpchar", ColumnEncoding::TypeOutput),
            ("_bpchar", ColumnEncoding::TypeOutput),
            ("xml", ColumnEncoding::TypeOutput),
            ("inet", ColumnEncoding::TypeOutput),
            ("cidr", ColumnEncoding::TextCast),
        ];
        for (base_type, form) in cases {
            assert_eq!(own_encoding(base_type, true, -1), form, "{base_type}");
            assert_eq!(
                own_encoding(base_type, false, -1),
                ColumnEncoding::TypeOutput,
                "{base_type}"
            );
        }
    }

    #[test]
    fn a_fixed_numeric_has_the_precision_and_scale_of_its_modifier() {
        // The modifiers of numeric(12,2) and numeric(10,2).
        for (modifier, precision) in [(786_438, 12), (655_366, 10)] {
            let fixed = ColumnEncoding::FixedNumeric { precision, scale: 2 };
            assert_eq!(own_encoding("numeric", true, modifier), fixed);
        }
    }
}
