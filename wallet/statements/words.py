"""The words of the paper, by language. They are the player's, like those of message templates, and no part of the staff's catalogue:
an entry of that catalogue promises that every screen is in that language. Another language is a column here; English stands in for what is missing.
"""

from collections.abc import Mapping
from typing import Any

LANGUAGES = ("en", "de", "sv")
OTHERWISE = "en"

WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Account statement", "de": "Kontoauszug", "sv": "Kontoutdrag"},
    "player": {"en": "Player", "de": "Spieler", "sv": "Spelare"},
    "account": {"en": "Account", "de": "Konto", "sv": "Konto"},
    "period": {"en": "Period", "de": "Zeitraum", "sv": "Period"},
    "from_to": {"en": "%(since)s to %(until)s", "de": "%(since)s bis %(until)s", "sv": "%(since)s till %(until)s"},
    "made": {"en": "Made", "de": "Erstellt", "sv": "Skapat"},
    "number": {"en": "Statement", "de": "Auszug", "sv": "Utdrag"},
    "licence": {"en": "Licence", "de": "Lizenz", "sv": "Licens"},
    "clock": {
        "en": "Days and times are those of %(zone)s.",
        "de": "Tage und Uhrzeiten sind die von %(zone)s.",
        "sv": "Dagar och tider är enligt %(zone)s.",
    },
    "as_of": {
        "en": "As of entry %(horizon)s of the ledger, up to %(ends)s. What is entered later with an earlier date is in a later statement's opening balance.",
        "de": "Stand der Buchung %(horizon)s, bis %(ends)s. Was später mit früherem Datum gebucht wird, ist im Anfangssaldo eines späteren Auszugs.",
        "sv": "Enligt bokföringspost %(horizon)s, till %(ends)s. Det som bokförs senare med tidigare datum ingår i ingående saldo på ett senare utdrag.",
    },
    "own": {"en": "Your money", "de": "Ihr Geld", "sv": "Dina pengar"},
    "bonus": {"en": "Bonus money", "de": "Bonusgeld", "sv": "Bonuspengar"},
    "own_note": {
        "en": "Cash and money held for withdrawals. Held money is still yours: holding it changes no balance; paying it out does.",
        "de": "Guthaben und für Auszahlungen zurückgestelltes Geld. Auch dieses gehört Ihnen: Erst die Auszahlung ändert den Saldo.",
        "sv": "Saldo och pengar som är reserverade för uttag. Reserverade pengar är fortfarande dina: saldot ändras först när de betalas ut.",
    },
    "bonus_note": {
        "en": "Incentive credits. They are not yours to withdraw until they are converted into cash.",
        "de": "Bonusguthaben. Es kann erst ausgezahlt werden, wenn es in Guthaben umgewandelt ist.",
        "sv": "Bonuskrediter. De kan tas ut först när de har omvandlats till saldo.",
    },
    "play_note": {
        "en": "Play between two other entries of a day stands in one line: what was staked and what was won.",
        "de": "Spiele zwischen zwei anderen Buchungen eines Tages stehen in einer Zeile: Einsätze und Gewinne.",
        "sv": "Spel mellan två andra poster samma dag står på en rad: insatser och vinster.",
    },
    "opening": {"en": "Opening balance", "de": "Anfangssaldo", "sv": "Ingående saldo"},
    "closing": {"en": "Closing balance", "de": "Endsaldo", "sv": "Utgående saldo"},
    "of_which_held": {"en": "of which held", "de": "davon zurückgestellt", "sv": "varav reserverat"},
    "time": {"en": "Time", "de": "Zeit", "sv": "Tid"},
    "what": {"en": "What", "de": "Vorgang", "sv": "Händelse"},
    "reference": {"en": "Reference", "de": "Referenz", "sv": "Referens"},
    "amount": {"en": "Amount", "de": "Betrag", "sv": "Belopp"},
    "held_change": {"en": "Held", "de": "Zurückgestellt", "sv": "Reserverat"},
    "balance": {"en": "Balance", "de": "Saldo", "sv": "Saldo"},
    "totals": {"en": "Totals", "de": "Summen", "sv": "Summor"},
    "kind": {"en": "Kind", "de": "Art", "sv": "Typ"},
    "count": {"en": "Number", "de": "Anzahl", "sv": "Antal"},
    "sum": {"en": "Sum", "de": "Summe", "sv": "Summa"},
    "currency": {"en": "Currency", "de": "Währung", "sv": "Valuta"},
    "money": {"en": "Money", "de": "Geld", "sv": "Pengar"},
    "row": {"en": "Row", "de": "Zeile", "sv": "Rad"},
    "line": {"en": "Entry", "de": "Buchung", "sv": "Post"},
    "total": {"en": "Total", "de": "Summe", "sv": "Summa"},
    "ends": {"en": "Until", "de": "Bis", "sv": "Till"},
    "wagered": {"en": "Staked", "de": "Eingesetzt", "sv": "Insatt"},
    "won": {"en": "Won", "de": "Gewonnen", "sv": "Vunnet"},
    "theme": {"en": "Game", "de": "Spiel", "sv": "Spel"},
    "played": {
        "en": "%(count)s rounds and wins: staked %(wagered)s, won %(won)s",
        "de": "%(count)s Spielbuchungen: eingesetzt %(wagered)s, gewonnen %(won)s",
        "sv": "%(count)s spelposter: insatt %(wagered)s, vunnet %(won)s",
    },
    "held_line": {"en": "%(what)s: %(amount)s", "de": "%(what)s: %(amount)s", "sv": "%(what)s: %(amount)s"},
    "nothing": {"en": "Nothing moved.", "de": "Nichts wurde bewegt.", "sv": "Inga händelser."},
    "page": {"en": "Page", "de": "Seite", "sv": "Sida"},
    # kinds, in the totals
    "kind.deposit": {"en": "Deposits", "de": "Einzahlungen", "sv": "Insättningar"},
    "kind.deposit_back": {"en": "Deposits taken back", "de": "Zurückgenommene Einzahlungen", "sv": "Återtagna insättningar"},
    "kind.withdrawal": {"en": "Withdrawals", "de": "Auszahlungen", "sv": "Uttag"},
    "kind.held": {
        "en": "Held for withdrawals and given back",
        "de": "Für Auszahlungen zurückgestellt und freigegeben",
        "sv": "Reserverat för uttag och frigjort",
    },
    "kind.incentive_added": {"en": "Incentive credits added", "de": "Bonusguthaben gutgeschrieben", "sv": "Bonuskrediter tillagda"},
    "kind.incentive_removed": {"en": "Incentive credits removed", "de": "Bonusguthaben entfernt", "sv": "Bonuskrediter borttagna"},
    "kind.adjustment": {"en": "Manual adjustments", "de": "Manuelle Korrekturen", "sv": "Manuella justeringar"},
    "kind.play": {"en": "Play", "de": "Spiele", "sv": "Spel"},
    "kind.exchange": {"en": "Currency exchange", "de": "Währungstausch", "sv": "Valutaväxling"},
    "kind.fee": {"en": "Fees", "de": "Gebühren", "sv": "Avgifter"},
    "kind.tax": {"en": "Tax", "de": "Steuern", "sv": "Skatt"},
    "kind.unclaimed": {"en": "Unclaimed money", "de": "Nicht abgeholtes Geld", "sv": "Ej hämtade pengar"},
    "kind.merged": {
        "en": "From and to another account of yours",
        "de": "Von und zu einem anderen Konto von Ihnen",
        "sv": "Från och till ett annat av dina konton",
    },
    "kind.other": {"en": "Other", "de": "Sonstiges", "sv": "Övrigt"},
    # what happened, by the ledger's kind
    "DEPOSIT_CREDITED": {"en": "Deposit", "de": "Einzahlung", "sv": "Insättning"},
    "DEPOSIT_FEE": {"en": "Fee for a deposit", "de": "Gebühr für eine Einzahlung", "sv": "Avgift för insättning"},
    "DEPOSIT_REFUNDED": {"en": "Deposit refunded", "de": "Einzahlung erstattet", "sv": "Insättning återbetald"},
    "DEPOSIT_REVERSED": {"en": "Deposit taken back", "de": "Einzahlung zurückgenommen", "sv": "Insättning återtagen"},
    "CHARGED_BACK": {"en": "Deposit charged back", "de": "Einzahlung zurückgebucht", "sv": "Insättning återkrävd"},
    "CHARGEBACK_REVERSED": {"en": "Chargeback reversed", "de": "Rückbuchung aufgehoben", "sv": "Återkrav upphävt"},
    "CHARGEBACK_FEE": {"en": "Fee for a chargeback", "de": "Gebühr für eine Rückbuchung", "sv": "Avgift för återkrav"},
    "RECEIVED_UNALLOTTED": {"en": "Received", "de": "Erhalten", "sv": "Mottaget"},
    "ALLOTTED": {"en": "Deposit", "de": "Einzahlung", "sv": "Insättning"},
    "HELD": {"en": "Held for a withdrawal", "de": "Für eine Auszahlung zurückgestellt", "sv": "Reserverat för uttag"},
    "HOLD_RELEASED": {"en": "No longer held", "de": "Nicht mehr zurückgestellt", "sv": "Inte längre reserverat"},
    "HOLD_EXPIRED": {"en": "No longer held", "de": "Nicht mehr zurückgestellt", "sv": "Inte längre reserverat"},
    "PAID_OUT": {"en": "Withdrawal paid", "de": "Auszahlung", "sv": "Uttag utbetalt"},
    "PAYOUT_RETURNED": {"en": "Withdrawal sent back by the bank", "de": "Auszahlung von der Bank zurückgegeben", "sv": "Uttag returnerat av banken"},
    "PAYOUT_FEE": {"en": "Fee for a withdrawal", "de": "Gebühr für eine Auszahlung", "sv": "Avgift för uttag"},
    "SETTLED_BY_PSP": {"en": "Settlement", "de": "Abrechnung", "sv": "Avräkning"},
    "BET": {"en": "Stake", "de": "Einsatz", "sv": "Insats"},
    "WIN": {"en": "Win", "de": "Gewinn", "sv": "Vinst"},
    "ROLLED_BACK": {"en": "Round taken back", "de": "Runde zurückgenommen", "sv": "Runda återtagen"},
    "JACKPOT_CONTRIBUTED": {"en": "Jackpot contribution", "de": "Jackpot-Beitrag", "sv": "Jackpottbidrag"},
    "JACKPOT_WON": {"en": "Jackpot won", "de": "Jackpot gewonnen", "sv": "Jackpott vunnen"},
    "FREE_ROUND_WON": {"en": "Free round won", "de": "Freispiel gewonnen", "sv": "Vinst på gratisspel"},
    "JACKPOT_SWEPT": {"en": "Jackpot", "de": "Jackpot", "sv": "Jackpott"},
    "BONUS_GRANTED": {"en": "Bonus granted", "de": "Bonus gewährt", "sv": "Bonus tilldelad"},
    "BONUS_CONVERTED": {"en": "Bonus converted into cash", "de": "Bonus in Guthaben umgewandelt", "sv": "Bonus omvandlad till saldo"},
    "BONUS_FORFEITED": {"en": "Bonus forfeited", "de": "Bonus verfallen durch Verzicht", "sv": "Bonus förverkad"},
    "BONUS_EXPIRED": {"en": "Bonus expired", "de": "Bonus abgelaufen", "sv": "Bonus utgången"},
    "ADJUSTED": {"en": "Manual adjustment", "de": "Manuelle Korrektur", "sv": "Manuell justering"},
    "EXCHANGED": {"en": "Currency exchange", "de": "Währungstausch", "sv": "Valutaväxling"},
    "CRYPTO_CONFIRMED": {"en": "Deposit", "de": "Einzahlung", "sv": "Insättning"},
    "NETWORK_FEE": {"en": "Network fee", "de": "Netzwerkgebühr", "sv": "Nätverksavgift"},
    "SWEPT": {"en": "Transfer", "de": "Übertrag", "sv": "Överföring"},
    "COMMISSION_ACCRUED": {"en": "Commission", "de": "Provision", "sv": "Provision"},
    "COMMISSION_PAID": {"en": "Commission paid", "de": "Provision bezahlt", "sv": "Provision utbetald"},
    "TAX_WITHHELD": {"en": "Tax withheld", "de": "Steuer einbehalten", "sv": "Skatt innehållen"},
    "WRITTEN_OFF": {"en": "Written off", "de": "Ausgebucht", "sv": "Avskrivet"},
    "TRANSFERRED": {"en": "Transferred", "de": "Übertragen", "sv": "Överfört"},
    "HANDED_OVER": {"en": "Handed over as unclaimed", "de": "Als nicht abgeholt übergeben", "sv": "Överlämnat som ej hämtat"},
    "CLAIMED": {"en": "Unclaimed money given back", "de": "Nicht abgeholtes Geld zurückgegeben", "sv": "Ej hämtade pengar återlämnade"},
    "REMITTED": {"en": "Unclaimed money paid on", "de": "Nicht abgeholtes Geld weitergezahlt", "sv": "Ej hämtade pengar vidarebetalda"},
    "MERGED": {"en": "Accounts made one", "de": "Konten zusammengeführt", "sv": "Konton sammanslagna"},
    "MERGE_UNDONE": {"en": "Accounts made two again", "de": "Konten wieder getrennt", "sv": "Konton åter delade"},
    "IMPORTED": {"en": "Carried over from another system", "de": "Aus einem anderen System übernommen", "sv": "Överfört från annat system"},
}


def language_for(wanted: str) -> str:
    """A language of the paper for what a player or a form says, such as `sv-FI`."""
    short = wanted.partition("-")[0]
    return short if short in LANGUAGES else OTHERWISE


def in_language(code: str, language: str, **values: Any) -> str:
    """Raises KeyError for words that nobody has written."""
    return said(WORDS[code], language) % values if values else said(WORDS[code], language)


def said(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts[OTHERWISE]
