use proxydeck_geo::Country;

#[test]
fn two_letters_are_read_in_any_case_and_nothing_else_is() {
    for text in ["TW", "tw", "Tw"] {
        assert_eq!(Country::parse(text).unwrap().as_str(), "TW");
    }
    for text in ["", "T", "TWN", "T1", "T ", "台灣", "é"] {
        assert_eq!(Country::parse(text), None, "{text:?} is no country");
    }
}

#[test]
fn a_code_that_nobody_has_is_told_from_one_that_a_country_has() {
    for assigned in ["AD", "TW", "us", "GB", "XK", "EU", "ZW"] {
        assert!(Country::parse(assigned).unwrap().is_assigned(), "{assigned} is in use");
    }
    // The last one stands astride two codes of the list.
    for free in ["UK", "XX", "ZZ", "AA", "DA"] {
        assert!(!Country::parse(free).unwrap().is_assigned(), "{free} is not in use");
    }
}

#[test]
fn every_country_has_a_number_in_the_order_of_the_letters() {
    let all: Vec<Country> = (0..u16::MAX).map_while(Country::from_number).collect();
    assert_eq!(all.len(), Country::NUMBERS);
    assert!(all.is_sorted(), "the numbers grow with the letters");
    for (at, country) in (0..).zip(&all) {
        assert_eq!(country.number(), at);
        assert_eq!(Country::parse(country.as_str()), Some(*country));
    }
}
