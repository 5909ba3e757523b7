//! What the compiler says, without what changes when other files do.

/// Lines that only count errors, or name pages about them.
const SUMMARIES: [&str; 3] =
    ["error: aborting due to ", "Some errors have detailed", "For more information about"];

/// The text as it is kept beside a program: no summary, and no numbers of lines of other files.
pub fn kept(said: &str) -> String {
    let mut is_elsewhere = false;
    let mut kept = String::new();
    for line in said.lines().filter(|line| !SUMMARIES.iter().any(|it| line.starts_with(it))) {
        let mut line = line.trim_end().to_owned();
        if let Some((arrow, place)) = place(&line) {
            let own = place.strip_prefix("tests/").filter(|path| path.starts_with("ui/"));
            is_elsewhere = own.is_none();
            line = match own {
                Some(own) => format!("{arrow}{own}"),
                None => format!("{arrow}{}", elsewhere(place)),
            };
        } else if let Some(number) = number(&line).filter(|_| is_elsewhere) {
            line = line.replacen(number, &" ".repeat(number.len()), 1);
        } else if let Some((before, others)) = line.split_once("and ")
            && before.trim().is_empty()
            && others.ends_with(" others")
        {
            line = format!("{before}and $N others");
        }
        kept.push_str(&line);
        kept.push('\n');
    }
    format!("{}\n", kept.trim_end())
}

/// Lines as they are compared: indented or not, because the longest number of a line decides on that.
pub fn compared(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The arrow of a line that points to a place, and the place.
fn place(line: &str) -> Option<(&str, &str)> {
    let arrow = ["--> ", "::: "].into_iter().find(|arrow| line.trim_start().starts_with(arrow))?;
    line.split_at_checked(line.find(arrow)? + arrow.len())
}

/// A place in another file than the program, without its line and column.
fn elsewhere(place: &str) -> String {
    let path = place.rsplitn(3, ':').last().unwrap_or(place);
    if path.starts_with('/') { path.to_owned() } else { format!("$WORKSPACE/{path}") }
}

/// The number of a line of source.
fn number(line: &str) -> Option<&str> {
    let (number, _) = line.split_once('|')?;
    let number = number.trim();
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}
