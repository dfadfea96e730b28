//! How Spring Boot writes durations, sizes and words.

use ackproof_core::surroundings::Form;

/// The value as the broker's client takes it.
///
/// # Errors
/// What it should have been, in words.
pub(super) fn read(text: &str, form: Form) -> Result<String, &'static str> {
    let text = text.trim();
    match form {
        Form::Plain => Ok(text.to_owned()),
        Form::Word => Ok(text.to_ascii_lowercase().replace('-', "_")),
        Form::Millis => millis(text).ok_or("a duration such as 500ms, 5s or PT5S").map(|number| number.to_string()),
        Form::Bytes => bytes(text).ok_or("a size such as 16384 or 16KB").map(|number| number.to_string()),
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Source: `DurationStyle` in spring-boot.
fn millis(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    if let Some(mut rest) = lower.strip_prefix("pt") {
        let mut sum: Option<u64> = None;
        while !rest.is_empty() {
            let (number, unit) = split(rest)?;
            let (factor, left) = match unit.as_bytes().first()? {
                b'h' => (3_600_000, &unit[1..]),
                b'm' => (60_000, &unit[1..]),
                b's' => (1000, &unit[1..]),
                _ => return None,
            };
            sum = Some(sum.unwrap_or(0).checked_add(number.checked_mul(factor)?)?);
            rest = left;
        }
        return sum;
    }
    let (number, unit) = split(&lower)?;
    let factor = match unit {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Source: `DataSize` in spring-core.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_sizes_and_words_are_read_as_spring_reads_them() {
        for (text, form, expected) in [
            ("500ms", Form::Millis, Ok("500")),
            ("5s", Form::Millis, Ok("5000")),
            ("5000", Form::Millis, Ok("5000")),
            ("PT1M30S", Form::Millis, Ok("90000")),
            ("5 parsecs", Form::Millis, Err("a duration such as 500ms, 5s or PT5S")),
            ("PT", Form::Millis, Err("a duration such as 500ms, 5s or PT5S")),
            ("99999999999999999999s", Form::Millis, Err("a duration such as 500ms, 5s or PT5S")),
            ("16KB", Form::Bytes, Ok("16384")),
            ("32 MB", Form::Bytes, Ok("33554432")),
            ("16384", Form::Bytes, Ok("16384")),
            ("16KiB", Form::Bytes, Err("a size such as 16384 or 16KB")),
            ("READ_COMMITTED", Form::Word, Ok("read_committed")),
            ("read-committed", Form::Word, Ok("read_committed")),
            ("all", Form::Plain, Ok("all")),
        ] {
            assert_eq!(read(text, form), expected.map(str::to_owned), "{text}");
        }
    }
}
