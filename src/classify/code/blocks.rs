//! Parts of a script that run only where something calls them or a condition holds, found by indents and braces.
//! It blanks them out and leaves every byte that stays in its place; it reads no expression and no file.

mod uses;

use super::modules;
use super::tokens::{self, Language};

/// Functions of a text that are told apart; further ones count as called.
const MAX_BLOCKS: usize = 400;

/// The body of a function, or of a condition that does not hold in a module that is loaded.
#[derive(Debug)]
pub(super) struct Block {
    pub name: String,
    pub from: usize,
    pub to: usize,
}

/// Blanks out the blocks that nobody calls; every byte that stays keeps its place.
pub(super) fn loaded(
    text: &str,
    language: Language,
    blocks: &[Block],
    wanted: &[String],
) -> String {
    blanked(text, blocks, &uses::called(text, language, blocks, wanted))
}

pub(super) fn blanked(text: &str, blocks: &[Block], called: &[bool]) -> String {
    let mut all = String::with_capacity(text.len());
    let mut at = 0;
    for (block, called) in blocks.iter().zip(called) {
        if *called || block.from < at {
            continue;
        }
        all.push_str(text.get(at..block.from).unwrap_or_default());
        let gone = text.get(block.from..block.to).unwrap_or_default();
        all.extend(
            gone.bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
        );
        at = block.to;
    }
    all.push_str(text.get(at..).unwrap_or_default());
    all
}

/// Finds the bodies of the functions of Python, and what runs only as a program of its own.
pub(super) fn python_blocks(text: &str) -> Vec<Block> {
    let mask = tokens::masked(text, Language::Python);
    let mut blocks: Vec<Block> = Vec::new();
    // The indent of the block that is open, and the classes around it.
    let mut open: Option<usize> = None;
    let mut classes: Vec<(usize, &str)> = Vec::new();
    let mut loads = false;
    let mut at = 0;
    let mut behind = 0;
    for line in mask.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        // The head of a function may take several lines.
        if bare.is_empty() || from < behind {
            if let Some(block) = blocks.last_mut().filter(|_| open.is_some()) {
                block.to = block.to.max(at);
            }
            continue;
        }
        if open.is_some_and(|start| indent <= start) {
            open = None;
        }
        if open.is_none() {
            classes.retain(|(start, _)| *start < indent);
            if let Some(name) = bare.strip_prefix("class ") {
                classes.push((indent, name.split(['(', ':', ' ']).next().unwrap_or(name)));
            }
            let marked = bare.starts_with('@') && calls_at_once(&mask, bare);
            let Some(name) = python_header(bare).filter(|_| blocks.len() < MAX_BLOCKS) else {
                loads = marked || loads && bare.starts_with('@');
                continue;
            };
            if std::mem::take(&mut loads) {
                continue;
            }
            open = Some(indent);
            // What the head says runs where it stands: `def run(a=wipe()):`.
            let head = match name.is_empty() {
                true => line.len(),
                false => head_end(mask.get(from..).unwrap_or_default()).unwrap_or(line.len()),
            };
            behind = from + head;
            let owner = classes.last().map(|(_, class)| format!("{class}."));
            let owner = owner.filter(|_| !name.is_empty());
            blocks.push(Block {
                name: format!("{}{name}", owner.unwrap_or_default()),
                from: if name.is_empty() { from } else { behind },
                to: at.max(behind),
            });
        }
        if let Some(block) = blocks.last_mut() {
            block.to = at.max(block.to);
        }
    }
    blocks
}

fn python_header(line: &str) -> Option<String> {
    if line.starts_with("if __name__") {
        return Some(String::new());
    }
    let plain = line.strip_prefix("async ").unwrap_or(line).trim_start();
    let rest = plain.strip_prefix("def ")?;
    rest.split(['(', ' ']).next().map(str::to_owned)
}

/// Returns where the colon of a function's head ends.
fn head_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let end = text.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        byte == b':' && depth == 0
    });
    end.map(|end| end + 1)
}

/// Tells whether a decorator calls its function at once, or lets it be called at the end.
fn calls_at_once(mask: &str, mark: &str) -> bool {
    let name = mark
        .trim_start_matches('@')
        .split('(')
        .next()
        .unwrap_or_default();
    if let Some((_, last)) = name.trim_end().rsplit_once('.') {
        return matches!(last, "register" | "on_event" | "run_now" | "on_startup")
            && !mark.contains("route");
    }
    let name = name.trim();
    if name == "register" {
        return true;
    }
    // One of the code's own: `def now(f): f()`.
    let Some((_, rest)) = mask.split_once(&format!("def {name}(")) else {
        return false;
    };
    let given: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let mut lines = rest.lines();
    let first = lines.next().unwrap_or_default();
    let first = first.split_once("):").map_or("", |(_, body)| body);
    let body: Vec<&str> = lines
        .take_while(|line| line.is_empty() || line.starts_with([' ', '\t']))
        .collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let level = body
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .next();
    let call = format!("{given}(");
    let own = body.iter().filter(|line| {
        // Not inside of a function that is only defined there.
        Some(indent(line)) == level && !line.trim_start().starts_with("def ")
    });
    !given.is_empty()
        && (first.contains(&call)
            || own
                .into_iter()
                .any(|line| line.contains(&call) && !line.contains("lambda")))
}

/// Finds the functions and classes of languages with braces; one that is called where it stands is none.
pub(super) fn brace_blocks(text: &str) -> Vec<Block> {
    let mask = tokens::masked(text, Language::Javascript);
    let text = mask.as_str();
    let mut blocks: Vec<Block> = Vec::new();
    // Where the statement began, and the depth at which the open block ends.
    let (mut start, mut depth) = (0, 0_usize);
    let mut open: Option<usize> = None;
    let mut head = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => {
                let words = text.get(start..at).unwrap_or_default().trim();
                if open.is_none()
                    && blocks.len() < MAX_BLOCKS
                    && let Some(name) = brace_header(words)
                {
                    open = Some(depth);
                    head = start;
                    blocks.push(Block {
                        name,
                        from: start,
                        to: text.len(),
                    });
                }
                depth += 1;
                start = at + 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                start = at + 1;
                if open == Some(depth) {
                    open = None;
                    let head = text.get(head..at).unwrap_or_default();
                    let now = is_called_at_once(head, text.get(at + 1..).unwrap_or_default());
                    match blocks.last_mut() {
                        Some(_) if now => drop(blocks.pop()),
                        Some(block) => block.to = at + 1,
                        None => {}
                    }
                }
            }
            b'>' if open.is_none() && blocks.len() < MAX_BLOCKS => {
                let head = text.get(start..=at).unwrap_or_default().trim();
                if let Some(block) = short_arrow(text, start, at, head) {
                    start = block.to + 1;
                    blocks.push(block);
                }
            }
            b';' | b'\n' => start = at + 1,
            _ => {}
        }
    }
    blocks
}

/// `const x = function () { … }()`, `class { static { … } }`: what stands there runs where it stands.
fn is_called_at_once(block: &str, behind: &str) -> bool {
    let head = block.split('{').next().unwrap_or_default();
    if head.contains("class") && (block.contains("static {") || block.contains("static{")) {
        return true;
    }
    let declared = ["function", "async function", "class", "export"];
    let declared = declared
        .iter()
        .any(|word| head.trim_start().starts_with(word));
    let behind = behind.trim_start_matches([' ', '\t', ')']);
    !declared
        && ["(", ".call(", ".apply("]
            .iter()
            .any(|call| behind.starts_with(call))
}

/// `exports.wipe = () => rm('a')`: a function without braces, to the end of its expression.
fn short_arrow(text: &str, start: usize, at: usize, head: &str) -> Option<Block> {
    let rest = text.get(at + 1..)?;
    let whole = head.matches('(').count() == head.matches(')').count();
    let arrow = head.ends_with("=>") && whole && !rest.trim_start().starts_with('{');
    let name = brace_header(head).filter(|_| arrow)?;
    let mut depth = 0_usize;
    let end = rest.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return true,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(byte, b';' | b',' | b'\n')
    });
    Some(Block {
        name,
        from: start,
        to: end.map_or(text.len(), |end| at + 1 + end),
    })
}

/// Returns what a function is assigned to: `exports.wipe` of `exports.wipe=() =>`.
fn assigned_to(head: &str) -> Option<&str> {
    let before = head.split('(').next().unwrap_or_default();
    let at = before.find('=')?;
    let equal = before.get(at..)?.starts_with("=>") || before.get(at..)?.starts_with("==");
    before.get(..at).filter(|_| !equal).map(str::trim_end)
}

/// Functions that only keep what they are given, to call it when they are called themselves.
const KEEPS: [&str; 16] = [
    "asyncHandler",
    "catchAsync",
    "wrapAsync",
    "promisify",
    "debounce",
    "throttle",
    "memoize",
    "once",
    "useCallback",
    "createAsyncThunk",
    "createAction",
    "onRequest",
    "onCall",
    "defineEventHandler",
    "defineStore",
    "createStore",
];

fn brace_header(head: &str) -> Option<String> {
    /// What stands before a condition in brackets and runs at once.
    const CONTROL: [&str; 7] = ["if", "for", "while", "switch", "catch", "with", "else"];
    let begun = ["void ", "new ", "await ", "return ", "throw ", "typeof "];
    let called = head.starts_with(['(', '!', '+', '-', '~'])
        || begun.iter().any(|word| head.starts_with(word))
        || head.contains("await (");
    let given = assigned_to(head);
    // `const x = (() => {`, `module.exports = wrap(function () {`: not closed where the function begins.
    let whole = head.matches('(').count() <= head.matches(')').count();
    let keeper = || {
        let before = head.split('(').next().unwrap_or_default().trim_end();
        let name = before.rsplit([' ', '.', '=']).next().unwrap_or_default();
        KEEPS.contains(&name)
    };
    if given.is_some() && !whole && !keeper() {
        return None;
    }
    let assigned = given.is_some();
    // What is handed to another function may run at once: `['a'].forEach(d => { … })`; a property (`wipe: () => {`) waits.
    let property = head
        .split_once(':')
        .is_some_and(|(name, _)| word(name) == name);
    let inside = head
        .find('(')
        .zip(head.find("function"))
        .is_some_and(|(bracket, function)| bracket < function);
    let handed = !assigned && !property && (head.ends_with("=>") || inside);
    let first = word(head.trim_start_matches(['}', ' ']));
    let method = head.ends_with(')') && !CONTROL.contains(&first.as_str());
    let is = head.contains("function")
        || head.ends_with("=>")
        || head.starts_with("class ")
        || method && !assigned;
    if !is || called || handed {
        return None;
    }
    block_name(head, given.filter(|_| assigned), property, method)
}

/// Returns the first word of a text.
fn word(text: &str) -> String {
    let named = |char: &char| char.is_alphanumeric() || matches!(char, '_' | '$');
    text.chars().take_while(named).collect()
}

/// Returns the name under which a function or a class can be called; nothing where nobody could name it.
fn block_name(head: &str, given: Option<&str>, property: bool, method: bool) -> Option<String> {
    let after = |word: &str| head.split_once(word).map(|(_, rest)| rest.trim_start());
    let before = head.split('(').next().unwrap_or_default();
    let given = given.and_then(|name| name.rsplit(['.', ' ']).next());
    let key = || head.split_once(':').map(|(name, _)| name.trim());
    let class = || after("class ").filter(|_| head.starts_with("class "));
    let named = |rest: &&str| !word(rest).is_empty();
    let name = after("function ")
        .filter(named)
        .or_else(class)
        .or_else(|| after("const "))
        .or_else(|| after("let "))
        .or_else(|| after("var "))
        .or(given)
        .or_else(|| key().filter(|_| property))
        .or_else(|| before.rsplit([' ', '.']).next().filter(|_| method));
    let name = word(name.unwrap_or_default());
    let whole = head.contains("module.exports") || head.contains("export default");
    match name.as_str() {
        "" | "exports" | "async" if whole => Some(modules::DEFAULT.to_owned()),
        // Nobody could name it.
        "" | "constructor" => None,
        _ => Some(name),
    }
}

/// Blanks what runs only where something calls it.
pub(super) fn running(text: &str, language: Language, outside: &[String], is_main: bool) -> String {
    let mut blocks = blocks(text, language);
    if is_main && language == Language::Python {
        blocks.retain(|block| !block.name.is_empty());
    }
    loaded(text, language, &blocks, outside)
}

/// Blanks what runs only under a condition.
pub(super) fn certain(text: &str, language: Language) -> String {
    let conditions = match language {
        Language::Python => python_conditions(text),
        _ => brace_conditions(text),
    };
    let none = vec![false; conditions.len()];
    blanked(text, &conditions, &none)
}

fn blocks(text: &str, language: Language) -> Vec<Block> {
    match language {
        Language::Python => python_blocks(text),
        _ => brace_blocks(text),
    }
}

/// What stands deeper than a line that asks something.
pub(super) fn python_conditions(text: &str) -> Vec<Block> {
    const ASKS: [&str; 6] = ["if ", "elif ", "else:", "while ", "except", "case "];
    let mut all: Vec<Block> = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        if bare.is_empty() {
            continue;
        }
        if open.is_some_and(|start| indent > start) {
            if let Some(block) = all.last_mut() {
                block.to = at;
            }
            continue;
        }
        let asks = ASKS.iter().any(|word| bare.starts_with(word));
        open = (asks && !bare.contains("__name__")).then_some(indent);
        if open.is_some() {
            let name = String::new();
            all.push(Block { name, from, to: at });
        }
    }
    all
}

/// The bodies of conditions in languages with braces.
pub(super) fn brace_conditions(text: &str) -> Vec<Block> {
    let mask = tokens::masked(text, Language::Javascript);
    let text = mask.as_str();
    const ASKS: [&str; 5] = ["if", "else", "while", "switch", "catch"];
    /// "If this file is the one that was started".
    const MAIN: [&str; 2] = ["require.main", "import.meta"];
    let mut all: Vec<Block> = Vec::new();
    let mut depth = 0_usize;
    let mut open: Option<usize> = None;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let ends = matches!(byte, b'{' | b'}' | b';' | b'\n');
        if !ends {
            continue;
        }
        let head = text.get(start..at).unwrap_or_default();
        let bare = head.trim_start_matches([' ', '\t', '}']);
        let word: String = bare.chars().take_while(char::is_ascii_alphabetic).collect();
        let asks = ASKS.contains(&word.as_str()) && !MAIN.iter().any(|main| head.contains(main));
        if asks && open.is_none() {
            let name = String::new();
            all.push(Block {
                name,
                from: start,
                to: at,
            });
        }
        match byte {
            b'{' => {
                if asks && open.is_none() {
                    open = Some(depth);
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if open == Some(depth) {
                    open = None;
                    if let Some(block) = all.last_mut() {
                        block.to = at + 1;
                    }
                }
            }
            _ => {}
        }
        start = at + 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> String {
        loaded(text, Language::Python, &python_blocks(text), &[])
    }

    fn braces(text: &str) -> String {
        loaded(text, Language::Javascript, &brace_blocks(text), &[])
    }

    #[test]
    fn what_runs_by_loading_a_module_of_python_stays_in_its_place() {
        let text = "import shutil\ndef wipe(\n    a,\n):\n    \"\"\"\nlong\n\"\"\"\n    shutil.rmtree('a')\n\nshutil.rmtree('b')\n";
        let left = python(text);
        assert!(!left.contains("'a'") && left.len() == text.len());
        assert_eq!(left.find("'b'"), text.find("'b'"));
        assert!(python("def main():\n    go()\ndef go():\n    rm('a')\nmain()\n").contains("'a'"));
        assert!(
            !python("def main():\n    rm('a')\nif __name__ == '__main__':\n    main()\n")
                .contains("'a'")
        );
    }

    #[test]
    fn a_function_of_javascript_stays_only_where_it_is_called() {
        assert!(!braces("function wipe() { rm('a') }\nmodule.exports = wipe").contains("'a'"));
        assert!(!braces("exports.wipe = () => { rm('a') };").contains("'a'"));
        assert!(!braces("module.exports = { async wipe(x) { rm('a') } };").contains("'a'"));
        assert!(!braces("module.exports = { wipe: () => { rm('a') } };").contains("'a'"));
        assert!(braces("['x'].forEach(function (d) { rm('a') })").contains("'a'"));
        assert!(!braces("class A {\n  wipe() { rm('a') }\n}\n").contains("'a'"));
        assert!(braces("function wipe() { rm('a') }\nwipe()").contains("'a'"));
        assert!(braces("for (const d of ['x']) { rm('a') }").contains("'a'"));
        assert!(braces("try { rm('a') } catch (e) { log(e) }").contains("'a'"));
        assert!(braces("(async () => { rm('a') })()").contains("'a'"));
        assert!(braces("if (x) { rm('a') }").contains("'a'"));
        assert!(braces("['x'].forEach(d => { rm('a') })").contains("'a'"));
    }

    #[test]
    fn functions_that_call_each_other_stay_however_many_they_are() {
        for count in [6, 20, 60] {
            let chain: String = (0..count)
                .map(|at| format!("def f{at}():\n    f{}()\n", at + 1))
                .collect();
            let text = format!("{chain}def f{count}():\n    rm('a')\nf0()\n");
            assert!(python(&text).contains("'a'"), "{count}");
        }
    }

    #[test]
    fn a_function_that_is_called_from_outside_stays() {
        let wanted = ["wipe".to_owned()];
        let python = "def wipe():\n    rm('a')\ndef other():\n    rm('b')\n";
        let left = loaded(python, Language::Python, &python_blocks(python), &wanted);
        assert!(left.contains("'a'") && !left.contains("'b'"));
        for text in [
            "exports.wipe = () => rm('a');\nexports.other = () => rm('b');\n",
            "exports.wipe=()=>rm('a');\nexports.other=()=>rm('b')\n",
            "exports.wipe = () => {\n rm('a')\n};\nexports.other = function () { rm('b') };\n",
            "module.exports = { wipe: () => rm('a'), other() { rm('b') } };\n",
            "export function wipe() { rm('a') }\nexport const other = async () => rm('b');\n",
        ] {
            let left = loaded(text, Language::Javascript, &brace_blocks(text), &wanted);
            assert!(left.contains("'a'") && !left.contains("'b'"), "{left}");
        }
        let whole = "module.exports = function () { rm('a') };\n";
        let wanted = [modules::DEFAULT.to_owned()];
        assert!(loaded(whole, Language::Javascript, &brace_blocks(whole), &wanted).contains("'a'"));
    }

    fn runs(text: &str, language: Language, is_main: bool) -> String {
        certain(&running(text, language, &[], is_main), language)
    }

    #[test]
    fn what_stands_under_a_condition_is_not_certain() {
        let python = "def main():\n    go()\nif a:\n    stop()\nelse:\n    other()\nif __name__ == '__main__':\n    main()\n";
        let left = runs(python, Language::Python, true);
        assert!(left.contains("go()") && !left.contains("stop()") && !left.contains("other()"));
        assert!(!runs(python, Language::Python, false).contains("go()"));
        let script = "if (a) {\n  stop();\n} else {\n  other();\n}\nif (b) third();\nif (require.main === module) { go(); }\n";
        let left = runs(script, Language::Javascript, true);
        assert!(left.contains("go()") && !left.contains("stop()"), "{left}");
        assert!(
            !left.contains("other()") && !left.contains("third()"),
            "{left}"
        );
    }
}
