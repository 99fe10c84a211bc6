//! Django's filters that minijinja does not have (`django/template/defaultfilters.py`).
//!
//! `linebreaks`, `linebreaksbr`, `pluralize`, `yesno`, `truncatechars`, `truncatewords`, `floatformat`
//! and `date`. Each returns the same as Django's. A value of the wrong type becomes empty text.

use minijinja::{Environment, State, Value};

use super::escape;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("linebreaks", linebreaks);
    environment.add_filter("linebreaksbr", linebreaksbr);
    environment.add_filter("pluralize", pluralize);
    environment.add_filter("yesno", yesno);
    environment.add_filter("truncatechars", truncatechars);
    environment.add_filter("truncatewords", truncatewords);
    environment.add_filter("floatformat", floatformat);
}

fn linebreaks(state: &State, value: &Value) -> Value {
    let text = lines_of(state, value);
    let mut paragraphs: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\n\n") {
        paragraphs.push(rest[..at].to_owned());
        rest = rest[at..].trim_start_matches('\n');
    }
    paragraphs.push(rest.to_owned());
    let html: Vec<String> =
        paragraphs.iter().map(|text| format!("<p>{}</p>", text.replace('\n', "<br>"))).collect();
    Value::from_safe_string(html.join("\n\n"))
}

fn linebreaksbr(state: &State, value: &Value) -> Value {
    Value::from_safe_string(lines_of(state, value).replace('\n', "<br>"))
}

/// The text with `\n` as line break, escaped unless it is safe or the template is not escaped.
fn lines_of(state: &State, value: &Value) -> String {
    let text = value.to_string();
    let plain = value.is_safe() || matches!(state.auto_escape(), minijinja::AutoEscape::None);
    let text = if plain { text } else { escape(&text).to_string() };
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn pluralize(value: &Value, forms: Option<&str>) -> String {
    let forms: Vec<&str> = forms.unwrap_or("s").split(',').collect();
    let (one, many) = match forms[..] {
        [many] => ("", many),
        [one, many] => (one, many),
        _ => return String::new(),
    };
    match number(value).or_else(|| value.len().map(|length| length as f64)) {
        Some(1.0) => one.to_owned(),
        Some(_) => many.to_owned(),
        None => String::new(),
    }
}

/// A number, or text with a number.
fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    }
}

fn yesno(value: &Value, words: Option<&str>) -> Value {
    let words: Vec<&str> = words.unwrap_or("yes,no,maybe").split(',').collect();
    let (yes, no) = match words[..] {
        [yes, no, ..] => (yes, no),
        _ => return value.clone(),
    };
    let maybe = words.get(2).copied().unwrap_or(no);
    let word = match value {
        value if value.is_none() => maybe,
        value if value.is_true() => yes,
        _ => no,
    };
    Value::from(word)
}

fn truncatechars(value: &Value, length: i64) -> String {
    let text = value.to_string();
    let length = usize::try_from(length).unwrap_or(0);
    if text.chars().count() <= length {
        return text;
    }
    match length {
        0 => String::new(),
        _ => text.chars().take(length - 1).chain(['…']).collect(),
    }
}

fn truncatewords(value: &Value, count: i64) -> String {
    let text = value.to_string();
    let count = usize::try_from(count).unwrap_or(0);
    let words: Vec<&str> = text.split_whitespace().collect();
    match count {
        0 => String::new(),
        _ if words.len() <= count => words.join(" "),
        _ => format!("{} …", words[..count].join(" ")),
    }
}

/// Rounds half up on the decimal digits, as in Django: 1.25 becomes 1.3.
fn floatformat(value: &Value, places: Option<i64>) -> String {
    let Some(number) = number(value).filter(|number| number.is_finite()) else { return String::new() };
    let places = places.unwrap_or(-1);
    let whole = number.fract() == 0.0;
    let shown = if places < 0 && whole { 0 } else { usize::try_from(places.unsigned_abs()).unwrap_or(0) };
    let rounded = round(&number.abs().to_string(), shown.min(200));
    let zero = rounded.bytes().all(|byte| byte == b'0' || byte == b'.');
    if number < 0.0 && !zero { format!("-{rounded}") } else { rounded }
}

/// Rounds decimal digits such as `2.675` half up to `places`.
fn round(digits: &str, places: usize) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes()).take(whole.len() + places).collect();
    kept.resize(whole.len() + places, b'0');
    if fraction.as_bytes().get(places).is_some_and(|&next| next >= b'5') {
        let nines = kept.iter().rev().take_while(|&&digit| digit == b'9').count();
        let start = kept.len() - nines;
        kept[start..].fill(b'0');
        match start.checked_sub(1) {
            Some(last) => kept[last] += 1,
            None => kept.insert(0, b'1'),
        }
    }
    let text: String = kept.into_iter().map(char::from).collect();
    match places {
        0 => text,
        _ => format!("{}.{}", &text[..text.len() - places], &text[text.len() - places..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn render(template: &str, value: impl Into<Value>) -> String {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        register(&mut environment);
        let value: Value = value.into();
        environment.render_str(template, context! { v => value }).expect("the template renders")
    }

    #[test]
    fn text_is_broken_and_cut_as_django_does() {
        for (text, html) in [
            ("a\nb\n\nc<d", "<p>a<br>b</p>\n\n<p>c&lt;d</p>"),
            ("a\r\n\r\n\r\nb", "<p>a</p>\n\n<p>b</p>"),
            ("", "<p></p>"),
            ("x\n", "<p>x<br></p>"),
            ("\n\nx\n\n", "<p></p>\n\n<p>x</p>\n\n<p></p>"),
        ] {
            assert_eq!(render("{{ v|linebreaks }}", text), html, "{text:?}");
        }
        assert_eq!(render("{{ v|linebreaksbr }}", "a\rb<"), "a<br>b&lt;");
        assert_eq!(render("{{ v|safe|linebreaksbr }}", "a\nb<i>"), "a<br>b<i>");
        assert_eq!(render("{{ v|truncatechars(7) }}", "Joel is a slug"), "Joel i…");
        assert_eq!(render("{{ v|truncatechars(2) }}", "éééé"), "é…");
        assert_eq!(render("{{ v|truncatechars(14) }}", "Joel is a slug"), "Joel is a slug");
        assert_eq!(render("{{ v|truncatewords(2) }}", "a  b   c"), "a b …");
    }

    #[test]
    fn numbers_are_shown_as_django_shows_them() {
        for (number, shown) in [
            (34.23234, ["34.2", "34.232", "34", "34.232"]),
            (34.0, ["34", "34.000", "34", "34"]),
            (-0.04, ["0.0", "-0.040", "0", "-0.040"]),
            (0.5, ["0.5", "0.500", "1", "0.500"]),
            (1.25, ["1.3", "1.250", "1", "1.250"]),
            (39.94, ["39.9", "39.940", "40", "39.940"]),
            (-1.005, ["-1.0", "-1.005", "-1", "-1.005"]),
            (99.96, ["100.0", "99.960", "100", "99.960"]),
        ] {
            let filters = ["floatformat", "floatformat(3)", "floatformat(0)", "floatformat(-3)"];
            for (filter, shown) in filters.iter().zip(shown) {
                assert_eq!(render(&format!("{{{{ v|{filter} }}}}"), number), shown, "{number}|{filter}");
            }
        }
        assert_eq!(render("{{ v|floatformat(2) }}", "2.675"), "2.68");
        assert_eq!(render("{{ v|floatformat }}", "x"), "");
    }

    #[test]
    fn words_follow_the_value() {
        let plural = "{{ v|pluralize }},{{ v|pluralize('es') }},{{ v|pluralize('y,ies') }}";
        assert_eq!(render(plural, 1), ",,y");
        assert_eq!(render(plural, 2), "s,es,ies");
        assert_eq!(render(plural, "1"), ",,y");
        assert_eq!(render(plural, vec![1, 2]), "s,es,ies");
        assert_eq!(render("{{ v|yesno }} {{ v|yesno('a,b') }}", true), "yes a");
        assert_eq!(render("{{ v|yesno }} {{ v|yesno('a,b') }}", ()), "maybe b");
    }
}
