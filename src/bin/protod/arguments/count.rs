//! Whole numbers as flags take them, each in its range.
//!
//! A limit of 0 would be a server that answers nobody. So most counts begin at 1, and the message says so.

/// A parser that takes whole numbers in this range.
pub(crate) fn count<T>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: TryFrom<u64>,
{
    move |text| {
        let number = text.trim().parse::<u64>().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            let most = if most == u64::MAX {
                String::new()
            } else {
                format!(" and at most {most}")
            };
            format!("it must be a whole number, at least {least}{most}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn a_count_is_a_whole_number_in_its_range() {
        let count = count::<u32>(1, 100);
        assert_eq!((count("1"), count(" 100 ")), (Ok(1), Ok(100)));
        for wrong in ["", "0", "-1", "1.5", "101", "ten", "99999999999999999999"] {
            let error = count(wrong).expect_err(wrong);
            assert_eq!(
                error, "it must be a whole number, at least 1 and at most 100",
                "{wrong}"
            );
        }
        assert!(super::count::<u32>(0, u64::MAX)("5000000000").is_err());
    }
}
