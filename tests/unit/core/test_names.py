# ruff: noqa: RUF001 - names are spelled as people spell them
"""Which names are one person's: spelling, order, titles and initials, and nothing more (G4)."""

from __future__ import annotations

import pytest

from channel_sync.core.names import fold, is_fuller, is_same_person, words_of

SAME = [
    # case, spaces, punctuation
    ("Ada Byron", "ada byron"),
    ("ADA BYRON", "Ada Byron"),
    ("Ada  Byron", " Ada Byron "),
    ("Ada\tByron", "Ada Byron"),
    ("Anne-Marie Duval", "Anne Marie Duval"),
    ("Sinéad O'Connor", "SINEAD O’CONNOR"),
    ("Conan O`Brien", "Conan OBrien"),
    # accents and letters that have none of their own
    ("José Núñez", "Jose Nunez"),
    ("François Lefèvre", "FRANCOIS LEFEVRE"),
    ("Jürgen Groß", "Jurgen Gross"),
    ("Søren Ørsted", "Soren Orsted"),
    ("Łukasz Wałęsa", "Lukasz Walesa"),
    ("Đorđe Ðorðević", "Dorde Dordevic"),
    ("Dvořák Antonín", "Antonin Dvorak"),
    ("İpek Işık", "ipek isik"),
    ("Ægir Þórsson", "Aegir Thorsson"),
    ("Nguyễn Văn Anh", "Nguyen Van Anh"),
    # order
    ("Byron Ada", "Ada Byron"),
    ("Byron, Ada", "Ada Byron"),
    ("BYRON, ADA MARIA", "Ada Maria Byron"),
    ("Rossi Anna Maria", "Anna Maria Rossi"),
    ("van der Berg Maria", "Maria van der Berg"),
    ("van der Berg, Maria", "Maria van der Berg"),
    # titles
    ("Mr. Carl Gauss", "Carl Gauss"),
    ("Prof. Dr. Carl Gauss", "Gauss, Carl"),
    ("Frau Emmy Noether", "Emmy Noether"),
    ("Mme Sophie Germain", "Sophie Germain"),
    ("Sra. Ana López", "Ana Lopez"),
    ("Dott.ssa Maria Agnesi", "Maria Agnesi"),
    ("Mevr. Truus de Vries", "Truus de Vries"),
    ("г-н Иван Петров", "Петров Иван"),
    ("г-жа Анна Иванова", "Анна Иванова"),
    ("Κύριος Γιώργος Παπάς", "Γιωργος Παπας"),
    ("山田太郎様", "山田太郎"),
    ("김철수 님", "김철수"),
    ("Miss", "Miss"),
    # a first name that is empty or only its initial
    ("Byron", "Ada Byron"),
    ("Ada Maria Byron", "Byron"),
    ("A. Byron", "Ada Byron"),
    ("A Byron", "Ada Maria Byron"),
    ("A. M. Byron", "Ada Maria Byron"),
    ("Byron A.", "Ada Byron"),
    ("Byron A. M.", "Ada Maria Byron"),
    ("Byron, A.", "Ada Byron"),
    ("M. van der Berg", "Maria van der Berg"),
    ("Dr. C. Gauss", "Carl Gauss"),
    ("И. Петров", "Иван Петров"),
    ("Γ. Παπάς", "Γιώργος Παπάς"),
    ("G. García Márquez", "Gabriel García Márquez"),
    # other scripts
    ("ИВАН ПЕТРОВ", "Иван Петров"),
    ("Семён Ёлкин", "Семен Елкин"),
    ("ΓΙΏΡΓΟΣ ΠΑΠΆΣ", "Γιώργος Παπάς"),
    ("مُحَمَّد علي", "محمد علي"),
    ("דָּוִד כֹּהֵן", "דוד כהן"),
    ("Ｙａｍａｄａ Ｔａｒｏ", "Taro Yamada"),
    ("田中 花子", "花子 田中"),
    ("राम शर्मा", "शर्मा राम"),
    # what is not said contradicts nothing
    (None, "Ada Byron"),
    ("Ada Byron", ""),
    (None, None),
]

OTHERS = [
    ("Ada Byron", "Carl Gauss"),
    ("Ada Byron", "Anne Byron"),
    ("Ada Byron", "Ada Gauss"),
    ("Ada Byron", "Ada Maria Byron"),
    ("Anna Maria Rossi", "Maria Anna Rossi"),
    ("Ada", "Ada Byron"),
    ("Ada B.", "Ada Byron"),
    ("B. Byron", "Ada Byron"),
    ("A. C. Byron", "Ada Maria Byron"),
    ("A. Gauss", "Ada Byron"),
    ("Ad Byron", "Ada Byron"),
    ("Maria Berg", "Maria van der Berg"),
    ("Berg", "Maria van der Berg"),
    ("Márquez", "Gabriel García"),
    ("Jürgen Müller", "Juergen Mueller"),
    ("Hans Meier", "Hans Meyer"),
    ("Robert Jones", "Bob Jones"),
    ("Иван Петров", "Пётр Иванов"),
    ("Иван Петров", "Ivan Petrov"),
    ("かとう さき", "がとう さき"),
    ("欧阳 明", "欧阳 明华"),
    ("김철수", "김영희"),
    ("محمد علي", "أحمد علي"),
    ("Peter Pan", "Peter"),
]


def test_the_table_is_long_enough() -> None:
    assert len(SAME) + len(OTHERS) >= 60


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spelled_otherwise_it_is_the_same_person(one: str | None, other: str | None) -> None:
    assert is_same_person(one, other)
    assert is_same_person(other, one)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_nothing_more_is_the_same_person(one: str, other: str) -> None:
    assert not is_same_person(one, other)
    assert not is_same_person(other, one)


def test_a_name_is_folded_to_its_words_with_the_surname_last() -> None:
    assert words_of("Dr. Núñez, José") == ("jose", "nunez")
    assert words_of("Byron,") == ("byron",)
    assert words_of("Dr.") == ("dr",)
    assert words_of(None) == ()
    assert fold("ΜΆΪΟΣ") == "μαιοσ"


def test_a_first_name_says_more_than_its_initial() -> None:
    assert is_fuller("Ada Byron", "A. Byron")
    assert not is_fuller("A. Byron", "Ada Byron")
    assert not is_fuller("BYRON, Ada", "Ada Byron")
