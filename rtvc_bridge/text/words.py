"""How words that are not spelled as said are read: abbreviations, initialisms, slang, numerals."""

import re

from rtvc_bridge.text.number_words import cardinal, ordinal
from rtvc_bridge.text.rules import Match, Rule, either, names, pairs, rule
from rtvc_bridge.text.web import letters

_TITLES = pairs(
    """
    Mr: Mister; Mrs: Missus; Ms: Miz; Dr: Doctor; Prof: Professor; Rev: Reverend; Fr: Father;
    Hon: Honorable; Gen: General; Col: Colonel; Lt: Lieutenant; Sgt: Sergeant; Capt: Captain;
    Cpl: Corporal; Maj: Major; Cmdr: Commander; Adm: Admiral; Gov: Governor; Sen: Senator;
    Rep: Representative; Pres: President; St: Saint; Mt: Mount; Ft: Fort; Mx: Mix
    """
)
# After a name ("Main St."), these are parts of an address or of a company's name.
_AFTER_NAMES = pairs(
    """
    St: Street; Dr: Drive; Ave: Avenue; Blvd: Boulevard; Rd: Road; Ln: Lane; Hwy: Highway;
    Pkwy: Parkway; Sq: Square; Ct: Court; Jr: Junior; Sr: Senior; Inc: Incorporated;
    Ltd: Limited; Corp: Corporation; Co: Company; Bros: Brothers; Mt: Mountain
    """
)
_DOTTED = pairs(
    """
    e.g: for example; i.e: that is; etc: et cetera; vs: versus; cf: compare;
    approx: approximately; est: established; dept: department; govt: government;
    misc: miscellaneous; tel: telephone; ext: extension; fig: figure; vol: volume;
    chap: chapter; ch: chapter; pp: pages; incl: including; excl: excluding; max: maximum;
    avg: average; temp: temperature; apt: apartment; bldg: building; univ: university;
    assn: association; et al: et al; viz: namely; a.k.a: also known as; p.s: P.S;
    n.b: note well; ave: avenue; jr: junior; sr: senior; ed: edition; eds: editors;
    inc: incorporated
    """
)
_UNDOTTED = {"vs": "versus", "etc": "et cetera", "eg": "for example", "aka": "also known as"}
_SLASHED = {
    "w/o": "without",
    "w/": "with",
    "b/c": "because",
    "n/a": "N.A",
    "and/or": "and or",
    "I/O": "I.O",
    "c/o": "care of",
}
_SLANG = pairs(
    """
    brb: be right back; idk: I don't know; btw: by the way; imo: in my opinion;
    imho: in my humble opinion; tbh: to be honest; afk: away from keyboard; omg: oh my god;
    ngl: not gonna lie; thx: thanks; tysm: thank you so much; nvm: never mind; nvmd: never mind;
    jk: just kidding; irl: in real life; ttyl: talk to you later; smh: shaking my head;
    ofc: of course; ikr: I know, right; iirc: if I recall; afaik: as far as I know;
    tldr: too long, didn't read; hbu: how about you; wbu: what about you;
    wyd: what are you doing; lmk: let me know; gtg: got to go; g2g: got to go; b4: before;
    gr8: great; l8r: later; m8: mate; w8: wait; h8: hate; 2day: today; 2nite: tonight;
    2moro: tomorrow; ppl: people; msg: message; plz: please; pls: please; bday: birthday;
    cya: see ya; lol: loll; lmao: L.M.A.O; wtf: W.T.F; fyi: F.Y.I; asap: A.S.A.P; gg: G.G;
    glhf: good luck, have fun; wdym: what do you mean; istg: I swear to God; ily: I love you;
    eta: E.T.A; diy: D.I.Y; faq: F.A.Q; ama: A.M.A; tba: T.B.A
    """
)
# Only in small letters: in capitals these are initials or initialisms.
_SMALL_SLANG = pairs(
    """
    u: you; ur: your; r: are; k: kay; kk: kay; ty: thank you; np: no problem; rn: right now;
    bc: because; gn: good night; gm: good morning; yw: you're welcome; bf: boyfriend;
    gf: girlfriend; yr: year; tho: though; thru: through; dm: D.M; dms: D.M's; n: and;
    yall: y'all; wanna: wanna; vc: voice chat; abt: about; tmrw: tomorrow; pc: P.C; tv: T.V;
    ai: A.I; ip: I.P; id: I.D; ui: U.I
    """
)
_INITIALISMS = names(
    """
    obs tts api fbi cpu gpu usb http https url uri html css xml csv pdf dvd cd pc tv ai ip ui
    ux id os vpn dns ssh ssl tls tcp udp llm asr stt ssd hdd hdmi rgb led lcd dj vr ar hr ceo
    cto cfo uk usa eu un us uae cia nsa irs fda cdc nhs bbc cnn nbc abc hbo npc rpg fps mmo
    mvp dlc pvp pve atm gps sms sos vip rip bmw dna rna hiv ufo phd bsc mba am pm bc ad ok sdk
    ide cli gui sql npm aws ibm amd rtx gtx vst daw bpm midi wav mp faq pr qa kb mb gb tb ms
    dm est edt pst pdt cst gmt utc nfl nba mlb nhl ufc wwe wifi
    """
)
_WORDLIKE = pairs(
    """
    SQL: sequel; JSON: jayson; YAML: yammel; TOML: tommel; GUI: gooey; WIFI: wifi; WAV: wave;
    MIDI: middy; JPEG: jay peg; JPG: jay peg; GIF: gif; PNG: P.N.G; ASCII: askey;
    LaTeX: lay tech; OK: okay; Ok: okay; ok: okay; ONNX: onyx; CUDA: cooda; OAuth: oh auth;
    PhD: P.H.D; iOS: eye O.S; macOS: mac O.S; GitHub: git hub; C++: C plus plus; C#: C sharp;
    F#: F sharp; json: jayson; yaml: yammel; LASER: laser; NASA: NASA; NATO: NATO;
    UNESCO: UNESCO; RAM: ram; nginx: engine X; sudo: soodoo; k8s: kubernetes; regex: rejex
    """
)
# Common enough as small words that only capitals mean the initials.
_ONLY_IN_CAPITALS = frozenset(
    names(
        """
        us id am ad os hr un ar pr led rip mp ms abc est mba
        """
    )
)
KEEP_CAPITALS = frozenset(
    {word.upper() for word in _INITIALISMS if word not in _ONLY_IN_CAPITALS}
    | {word.upper() for word in _SLANG}
    | set(_WORDLIKE)
)
_REGNAL = names(
    """
    Henry Louis Edward George William Charles James Richard Elizabeth Napoleon Pius Benedict
    Leo Paul Ramses Frederick Philip Alexander Nicholas Peter Catherine Ivan Gustav Christian
    Ferdinand Pope King Queen Mary John
    """
)
_NUMBERED = names(
    """
    Chapter Part Act Scene Section Volume Book Phase Article War Mark Type Level Stage Class
    Grade Bowl Apollo Episode Round Appendix Rocky Title Figure Table Tier
    """
)
_ROMAN = r"(?:X[LC]|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[char] for char in text]
    return sum(
        -one if one < following else one
        for one, following in zip(values, [*values[1:], 0], strict=True)
    )


def _ends_sentence(match: Match) -> bool:
    """Whether the abbreviation's full stop also closes a sentence."""
    rest = match.string[match.end() :].lstrip("\"')”")
    return match[0].endswith(".") and bool(re.match(r"\s*$|\n|\s+[A-Z][a-z']*\b", rest))


def _stop(match: Match) -> str:
    return "." if _ends_sentence(match) else ""


def _dotted(match: Match) -> str:
    return f"{_DOTTED[match[1].lower()]}{_stop(match)}"


def _initials(match: Match) -> str:
    """Read "U.S.A." as "U.S.A", with a full stop only where the text ends."""
    last = match[0].endswith(".") and not match.string[match.end() :].strip("\"')” ")
    return f"{match[0].rstrip('.').upper()}{'.' if last else ''}"


def _initialism(match: Match) -> str:
    """Spell "OBS" and "obs", "APIs" and "api's"; leave "us" and "am" alone."""
    word, small = match[1], match[1].lower()
    if small in _ONLY_IN_CAPITALS and not word.isupper():
        return match[0]
    return f"{letters(word)}{chr(39) + 's' if match[2] else ''}"


def _slang(match: Match) -> str:
    return _SLANG[match[0].lower()]


EARLY: tuple[Rule, ...] = (
    rule(
        rf"(?<=[a-z] )({either(_AFTER_NAMES)})\.?(?=\s*$|[,;!?]|\s+[a-z(])(?!\w)"
        r"|(?<=[a-z], )(Jr|Sr|Inc|Ltd)\b\.?",
        lambda match: f"{_AFTER_NAMES[match[1] or match[2]]}{_stop(match)}",
    ),
    rule(rf"\b({either(_TITLES)})\.?\s+(?=[A-Z])", lambda match: f"{_TITLES[match[1]]} "),
    rule(r"(?<=[a-z] )'n'?(?= [a-z])", "and"),
    rule(r"\b(?:[Nn]o|[Nn]r)\.\s?(?=\d)", "number "),
    rule(r"\b(?:[Pp]\.)\s?(?=\d)", "page "),
    rule(rf"(?<![\w.])({either(_DOTTED)})\.(?!\w)", _dotted, any_case=True),
    rule(rf"(?<![\w./])({either(_UNDOTTED)})\b", lambda match: _UNDOTTED[match[1].lower()]),
    rule(rf"(?<![\w/])({either(_SLASHED)})(?!\w)", lambda match: f"{_SLASHED[match[1]]} "),
    rule(rf"(?<![\w@])(?:{either(_WORDLIKE)})(?![\w+#])", lambda match: _WORDLIKE[match[0]]),
    rule(rf"(?<![\w'@.-])(?:{either(_SLANG)})(?![\w'-])", _slang, any_case=True),
    rule(
        rf"(?<![\w'@.-])(?:{either(_SMALL_SLANG)})(?![\w'-]|\.\w)",
        lambda match: _SMALL_SLANG[match[0]],
    ),
    rule(
        rf"\b({either(_REGNAL)}) ((?:[VX]|(?=[IVXLC]{{2}}){_ROMAN}))\b(?!')",
        lambda match: f"{match[1]} the {ordinal(_roman(match[2]))}",
    ),
    rule(
        rf"\b((?:{either(_NUMBERED)}) )({_ROMAN})\b(?!')"
        rf"|\b([A-Z][a-z]+ )((?=[IVX]{{2}}){_ROMAN})\b(?!')",
        lambda match: f"{match[1] or match[3]}{cardinal(_roman(match[2] or match[4]))}",
    ),
)
LATE: tuple[Rule, ...] = (
    rule(r"\b(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?", _initials),
    rule(
        rf"(?<![\w'.])({either(_INITIALISMS)})('?s)?(?![\w'])(?!\.\w)",
        _initialism,
        any_case=True,
    ),
)
