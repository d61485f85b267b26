//! How a column's type is hashed, by its name in the catalogue.

use crossover_core::rows::Form;

/// Added to the coding of a numeric's precision and scale.
const HEADER: i32 = 4;

/// The form of a column, decided from the type behind all domains (`int8`, `timestamptz`, `_text`), from whether that type belongs to
/// PostgreSQL itself, and from its modifier (-1 without one).
pub(super) fn own_form(base_type: &str, built_in: bool, modifier: i32) -> Form {
    if !built_in {
        return Form::PrintedByOutput;
    }
    match base_type {
        "int2" | "int4" => Form::Int4,
        // `hashint8` is no good for these: it folds the two halves onto each other, so that 0 and 2^32+1 are the same to it.
        "int8" => Form::Int8,
        "bool" => Form::Bool,
        "uuid" => Form::Uuid,
        "text" | "varchar" => Form::Text,
        "date" => Form::Date,
        "timestamp" => Form::Timestamp,
        "timestamptz" => Form::TimestampTz,
        "numeric" if modifier >= HEADER => {
            let [high, low] = [(modifier - HEADER) >> 16, (modifier - HEADER) & 0xFFFF];
            Form::FixedNumeric {
                precision: high as u16,
                scale: low as u16,
            }
        }
        "bpchar" | "_bpchar" => Form::PrintedByOutput,
        _ => Form::Printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_hashed_as_itself_only_where_equal_values_print_alike() {
        let cases = [
            ("int2", Form::Int4),
            ("int4", Form::Int4),
            ("int8", Form::Int8),
            ("varchar", Form::Text),
            ("text", Form::Text),
            ("numeric", Form::Printed),
            ("json", Form::Printed),
            ("jsonb", Form::Printed),
            ("interval", Form::Printed),
            ("bpchar", Form::PrintedByOutput),
            ("_bpchar", Form::PrintedByOutput),
        ];
        for (base_type, form) in cases {
            assert_eq!(own_form(base_type, true, -1), form, "{base_type}");
            assert_eq!(
                own_form(base_type, false, -1),
                Form::PrintedByOutput,
                "{base_type}"
            );
        }
    }

    #[test]
    fn a_fixed_numeric_has_the_precision_and_scale_of_its_modifier() {
        // The modifiers of numeric(12,2) and numeric(10,2).
        for (modifier, precision) in [(786_438, 12), (655_366, 10)] {
            let fixed = Form::FixedNumeric { precision, scale: 2 };
            assert_eq!(own_form("numeric", true, modifier), fixed);
        }
    }
}
