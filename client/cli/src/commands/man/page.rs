//! A page for each command, of the definitions that `--help` is made of. Nothing lists the commands but these.

use clap::builder::StyledStr;
use clap::{Arg, Args as _, Command, CommandFactory};

use super::text::{Block, Text};
use crate::args::{Args, Global};

/// The program's command line without the parts of commands that nobody calls.
pub(crate) fn shown() -> Command {
    let whole = Args::command();
    let commands = whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    // The options say what they are, which is not what the program is.
    let shown = Global::augment_args(Command::new("nix-seed")).about(whole.get_about().cloned().unwrap_or_default());
    let shown = shown.after_help(whole.get_after_help().cloned().unwrap_or_default());
    shown
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands)
}

/// What there is to say of a command.
pub(crate) struct Page {
    /// The program's name, and those of the commands.
    pub(super) names: Vec<String>,
    pub(super) about: String,
    pub(super) usage: String,
    pub(super) text: Text,
    pub(super) arguments: Vec<Entry>,
    /// Options by their headings; those without one first.
    pub(super) options: Vec<(Option<String>, Vec<Entry>)>,
    pub(super) below: Vec<Page>,
}

/// An argument or an option.
pub(super) struct Entry {
    /// As it is written: `--root <DIR>`.
    pub(super) term: String,
    pub(super) help: String,
    pub(super) default: Option<String>,
    pub(super) values: Vec<String>,
}

impl Page {
    /// The page of the program.
    pub(crate) fn root() -> Self {
        let mut command = shown().disable_help_subcommand(true);
        command.build();
        Self::of(&command, &[], true)
    }

    fn of(command: &Command, above: &[String], is_root: bool) -> Self {
        let names = [above, &[command.get_name().to_owned()]].concat();
        let about = plain(command.get_about());
        let long = plain(command.get_long_about());
        let mut text = Text::read(&plain(command.get_after_help()));
        // The first paragraph of what is longer is what is short.
        let more = long.split("\n\n").skip(1).map(|paragraph| Block::Paragraph(paragraph.replace('\n', " ")));
        text.blocks = more.chain(text.blocks).collect();
        let mut options: Vec<(Option<String>, Vec<Entry>)> = Vec::new();
        // Those of all commands are on the program's page.
        for argument in visible(command).filter(|argument| !argument.is_positional()) {
            if argument.is_global_set() && !is_root {
                continue;
            }
            let heading = argument.get_help_heading().map(str::to_owned);
            match options.iter_mut().find(|(known, _)| *known == heading) {
                Some((_, entries)) => entries.push(Entry::of(argument)),
                None => options.push((heading, vec![Entry::of(argument)])),
            }
        }
        options.sort_by_key(|(heading, _)| heading.is_some());
        Self {
            about,
            usage: usage(command, &names),
            text,
            arguments: visible(command).filter(|argument| argument.is_positional()).map(Entry::of).collect(),
            options,
            below: command
                .get_subcommands()
                .filter(|below| !below.is_hide_set())
                .map(|below| Self::of(below, &names, false))
                .collect(),
            names,
        }
    }

    /// `nix-seed-cfg-show`.
    pub(super) fn title(&self) -> String {
        self.names.join("-")
    }

    /// `nix-seed cfg show`.
    pub(super) fn name(&self) -> String {
        self.names.join(" ")
    }

    /// This page and all below.
    pub(super) fn all(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.below.iter().flat_map(Self::all)).collect()
    }
}

/// What is told of; each command has a help.
fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_told =
        |argument: &&Arg| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version");
    command.get_arguments().filter(is_told)
}

/// `nix-seed up [OPTIONS] [LOCATION]`, as one line.
fn usage(command: &Command, names: &[String]) -> String {
    let usage = plain(Some(&command.clone().render_usage()));
    let usage = usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ");
    // What is below another command is called by its own name there.
    let rest = usage.strip_prefix(&names.join(" ")).map(str::to_owned);
    let rest = rest.unwrap_or_else(|| usage.split_once(' ').map_or_else(String::new, |(_, rest)| format!(" {rest}")));
    format!("{}{rest}", names.join(" "))
}

impl Entry {
    fn of(argument: &Arg) -> Self {
        let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let takes_values = argument.get_action().takes_values();
        let has_default = takes_values && !defaults.is_empty() && !argument.is_hide_default_value_set();
        let values = argument.get_possible_values();
        let values = values.iter().filter(|value| takes_values && !value.is_hide_set());
        Self {
            term: argument.to_string(),
            help: plain(argument.get_long_help().or(argument.get_help())),
            default: has_default.then(|| defaults.join(" ")),
            values: values.map(|value| value.get_name().to_owned()).collect(),
        }
    }
}

/// A text without what colours it.
fn plain(text: Option<&StyledStr>) -> String {
    text.map(StyledStr::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_there_for_each_command_and_for_no_part_of_one() {
        let root = Page::root();
        let titles: Vec<_> = root.all().iter().map(|page| page.title()).collect();
        for title in ["nix-seed", "nix-seed-up", "nix-seed-cfg", "nix-seed-cfg-show", "nix-seed-report"] {
            assert!(titles.iter().any(|known| known == title), "{titles:?}");
        }
        assert!(!titles.iter().any(|title| title.contains("inside") || title.contains("help")), "{titles:?}");
        assert!(root.all().iter().all(|page| !page.about.is_empty() && page.usage.starts_with(&page.name())));
    }

    #[test]
    fn options_are_what_help_says_of_them() {
        let root = Page::root();
        let up = root.below.iter().find(|page| page.title() == "nix-seed-up").unwrap();
        assert_eq!(up.usage, "nix-seed up [OPTIONS] [LOCATION]");
        assert_eq!(up.arguments[0].term, "[LOCATION]");
        let option = |page: &Page, term: &str| {
            let all = page.options.iter().flat_map(|(_, entries)| entries);
            all.filter(|entry| entry.term == term).map(|entry| entry.default.clone()).next()
        };
        assert_eq!((option(up, "--root <DIR>"), option(up, "--mount")), (Some(Some("/".into())), Some(None)));
        assert_eq!((option(up, "--json"), option(&root, "--json")), (None, Some(None)));
        let ci = root.below.iter().find(|page| page.title() == "nix-seed-ci").unwrap();
        let build = ci.below.iter().find(|page| page.title() == "nix-seed-ci-build").unwrap();
        // One that its help tells in words is hidden.
        assert_eq!(
            (option(build, "--attest <WHEN>"), option(build, "--outputs <OUTPUTS>")),
            (Some(Some("auto".into())), Some(None))
        );
        assert!(root.text.codes.iter().any(|(code, _)| code == "20 to 74") && root.text.codes.len() > 8);
        // Each help ends with an example, and so does each page of what can be called.
        for page in root.all().iter().filter(|page| page.below.is_empty()) {
            let has_code = page.text.blocks.iter().any(|block| matches!(block, Block::Code(_)));
            assert!(has_code || !page.text.examples.is_empty() || page.names.len() > 2, "{}", page.name());
        }
    }
}
