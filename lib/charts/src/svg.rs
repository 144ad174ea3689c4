//! A scene as SVG: self-contained, without scripts, links or fonts from elsewhere.

use std::fmt::Write;

use crate::card::is_tight;
use crate::fit::width;
use crate::scene::{Item, Pen, Scene, Seg, Spot, Text, arc, on_circle};
use crate::theme::{Ink, Theme};

/// The first one is what text is measured with; the others are no wider, or cover other scripts.
const FONTS: &str = "'Noto Sans','Segoe UI',Roboto,'Helvetica Neue','Liberation Sans',Arial,'Noto Sans Arabic',\
                     'Noto Sans Ethiopic','Noto Sans CJK SC','DejaVu Sans',sans-serif";

pub(crate) fn write(scene: &Scene, theme: Theme) -> String {
    let mut out = Writer { text: String::new(), arcs: 0 };
    out.head(scene, theme);
    let whole = crate::scene::rectangle(0.0, 0.0, scene.width, scene.height, 0.0);
    out.shape(&whole, Some(Ink::Paper), None);
    for item in &scene.items {
        match item {
            Item::Shape { path, fill, pen } => out.shape(path, *fill, *pen),
            Item::Text(text) => out.text(text),
            Item::Open(name) => {
                out.text.push_str("<g><title>");
                escape(&mut out.text, name);
                out.text.push_str("</title>\n");
            }
            Item::Close => out.text.push_str("</g>\n"),
        }
    }
    out.text.push_str("</svg>\n");
    out.text
}

struct Writer {
    text: String,
    arcs: usize,
}

impl Writer {
    fn head(&mut self, scene: &Scene, theme: Theme) {
        let (w, h) = (number(scene.width), number(scene.height));
        let _ = writeln!(
            self.text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
             class=\"kc\" role=\"img\" aria-labelledby=\"kc-title kc-desc\">"
        );
        for (name, content) in [("title", &scene.title), ("desc", &scene.description)] {
            let _ = write!(self.text, "<{name} id=\"kc-{name}\">");
            escape(&mut self.text, content);
            let _ = writeln!(self.text, "</{name}>");
        }
        self.text.push_str("<style>\n");
        let _ = writeln!(
            self.text,
            ".kc text{{font-family:{FONTS};text-anchor:middle}}\n.kc .w{{font-weight:700}}\n\
             .kc path{{fill:none;stroke-linecap:butt;stroke-linejoin:round}}"
        );
        colours(&mut self.text, theme == Theme::Dark);
        if theme == Theme::Auto {
            self.text.push_str("@media (prefers-color-scheme:dark){\n");
            colours(&mut self.text, true);
            self.text.push_str("}\n");
        }
        self.text.push_str("</style>\n");
    }

    fn shape(&mut self, path: &[Seg], fill: Option<Ink>, pen: Option<Pen>) {
        let mut class = fill.map(|ink| format!("f{}", ink.class())).unwrap_or_default();
        if let Some(pen) = pen {
            let space = if class.is_empty() { "" } else { " " };
            let _ = write!(class, "{space}s{}", pen.ink.class());
        }
        let _ = write!(self.text, "<path class=\"{class}\"");
        if let Some(pen) = pen {
            let _ = write!(self.text, " stroke-width=\"{}\"", number(pen.width));
            if !pen.dash.is_empty() {
                let dash: Vec<String> = pen.dash.iter().map(|part| number(*part)).collect();
                let _ = write!(self.text, " stroke-dasharray=\"{}\"", dash.join(" "));
            }
        }
        let _ = writeln!(self.text, " d=\"{}\"/>", outline(path));
    }

    fn text(&mut self, text: &Text) {
        let on = match text.spot {
            Spot::Line { x, y, turn } => {
                let (x, y) = (number(x), number(y));
                let turn = match turn {
                    0.0 => String::new(),
                    turn => format!(" transform=\"rotate({} {x} {y})\"", number(turn)),
                };
                format!(" x=\"{x}\" y=\"{y}\"{turn}")
            }
            Spot::Arc { .. } => {
                self.guide(text);
                String::new()
            }
        };
        let weight = if text.bold { " w" } else { "" };
        let _ = write!(
            self.text,
            "<text class=\"f{}{weight}\" font-size=\"{}\"{on}",
            text.ink.class(),
            number(text.size)
        );
        if is_right_to_left(&text.content) {
            self.text.push_str(" direction=\"rtl\"");
        }
        // Where the reader's font is wider than ours, text that is nearly too long keeps within its room.
        if is_tight(text) {
            let wide = number(width(&text.content, text.size, text.bold).min(text.room));
            let _ = write!(self.text, " textLength=\"{wide}\" lengthAdjust=\"spacingAndGlyphs\"");
        }
        self.text.push('>');
        if matches!(text.spot, Spot::Arc { .. }) {
            let _ = write!(self.text, "<textPath href=\"#kc-{}\" startOffset=\"50%\">", self.arcs);
            escape(&mut self.text, &text.content);
            self.text.push_str("</textPath>");
        } else {
            escape(&mut self.text, &text.content);
        }
        self.text.push_str("</text>\n");
    }

    /// The piece of a circle that text runs along.
    fn guide(&mut self, text: &Text) {
        let Spot::Arc { x, y, radius, angle, inward } = text.spot else { return };
        self.arcs += 1;
        let half = (text.room / 2.0 + 20.0).min(radius * 3.0) / radius;
        let half = if inward { -half.to_degrees() } else { half.to_degrees() };
        let (x0, y0) = on_circle(x, y, radius, angle - half);
        let mut path = vec![Seg::Move(x0, y0)];
        arc(&mut path, (x, y), radius, angle - half, angle + half);
        let _ = writeln!(self.text, "<path id=\"kc-{}\" d=\"{}\"/>", self.arcs, outline(&path));
    }
}

fn colours(out: &mut String, dark: bool) {
    for ink in Ink::all() {
        let (class, colour) = (ink.class(), ink.colour(dark));
        let _ = writeln!(out, ".kc .f{class}{{fill:#{colour:06x}}}.kc .s{class}{{stroke:#{colour:06x}}}");
    }
}

fn outline(path: &[Seg]) -> String {
    let mut out = String::new();
    for seg in path {
        let _ = match seg {
            Seg::Move(x, y) => write!(out, "M{} {}", number(*x), number(*y)),
            Seg::Line(x, y) => write!(out, "L{} {}", number(*x), number(*y)),
            Seg::Curve(points) => write!(out, "C{}", points.map(number).join(" ")),
            Seg::Close => write!(out, "Z"),
        };
    }
    out
}

/// Two digits after the point, and none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Whether the first letter with a direction belongs to a script that runs to the left.
fn is_right_to_left(text: &str) -> bool {
    let first = text.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|c| matches!(u32::from(c), 0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff))
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
