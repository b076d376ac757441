//! `json`: texts to values and back.
//! Numbers beyond what is counted with end the attempt.

mod read;

use super::super::calls::Given;
use super::super::format::float;
use super::super::play::Player;
use super::super::value::{Kind, Outcome, Stop, Value};
use read::Refused;

impl Player<'_> {
    pub fn call_json(&mut self, name: &str, mut given: Given) -> Outcome<Value> {
        match name {
            "json.loads" | "json.load" => {
                let first = given.need("s")?;
                given.end()?;
                let text = match (&first, name) {
                    (Value::File(_), "json.load") => {
                        let read = self.attribute(&first, "read")?;
                        self.call(&read, Given::default())?
                    }
                    _ => first,
                };
                let text = match &text {
                    Value::Bytes(bytes) => read::of_bytes(bytes)?,
                    Value::None => {
                        return Err(self.raise("TypeError", "the JSON object must be str"));
                    }
                    other => other.as_text()?,
                };
                self.worked(text.len() / 16)?;
                match read::read(self, &text) {
                    Ok(value) => Ok(value),
                    // What waits for an answer is not read.
                    Err(_) if self.world.waits => Ok(Value::Unknown(Kind::Any)),
                    Err(Refused::Lost) => Err(Stop::Lost),
                    Err(Refused::Wrong) => Err(self.raise("json.JSONDecodeError", "invalid JSON")),
                }
            }
            "json.dumps" | "json.dump" => {
                let value = given.need("obj")?;
                let file = if name == "json.dump" {
                    Some(given.need("fp")?)
                } else {
                    None
                };
                let text = self.json_text(&value, &given)?;
                let text = text.map_or(Ok(Value::Unknown(Kind::Text)), |text| self.text(text))?;
                match file {
                    Some(Value::File(file)) => {
                        self.write_to(&file, &text)?;
                        Ok(Value::None)
                    }
                    Some(Value::Library("sys.stdout" | "sys.stderr")) => Ok(Value::None),
                    Some(_) => Err(Stop::Lost),
                    None => Ok(text),
                }
            }
            _ => Err(Stop::Lost),
        }
    }

    /// Writes a value; nothing where its form is not known.
    fn json_text(&mut self, value: &Value, given: &Given) -> Outcome<Option<String>> {
        if given
            .named
            .iter()
            .any(|(name, _)| name == "default" || name == "cls")
        {
            return Ok(None);
        }
        let plain = given.named.is_empty();
        let text = self.json_of(value)?;
        Ok(text.filter(|_| plain))
    }

    fn json_of(&mut self, value: &Value) -> Outcome<Option<String>> {
        self.worked(1)?;
        Ok(Some(match value {
            Value::None => "null".to_owned(),
            Value::Bool(is) => is.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => float(*number),
            Value::Text(text) if text.is_ascii() && !text.contains('\u{7f}') => {
                serde_json::to_string(&**text).map_err(|_| Stop::Lost)?
            }
            Value::List(_) | Value::Tuple(_) => {
                let mut all = Vec::new();
                for item in self.items(value)? {
                    match self.deeper(|player| player.json_of(&item))? {
                        Some(text) => all.push(text),
                        None => return Ok(None),
                    }
                }
                format!("[{}]", all.join(", "))
            }
            Value::Dict(map) => {
                let entries = map.borrow().entries();
                let mut all = Vec::new();
                for (key, value) in entries {
                    let (Value::Text(_), Some(text)) =
                        (&key, self.deeper(|player| player.json_of(&value))?)
                    else {
                        return Ok(None);
                    };
                    let Some(key) = self.json_of(&key)? else {
                        return Ok(None);
                    };
                    all.push(format!("{key}: {text}"));
                }
                format!("{{{}}}", all.join(", "))
            }
            Value::Path(_) | Value::Set(..) => {
                return Err(self.raise("TypeError", "is not JSON serializable"));
            }
            Value::Text(_) | Value::Unknown(_) => return Ok(None),
            _ => return Err(Stop::Lost),
        }))
    }
}
