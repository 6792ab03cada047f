"""Names to compose people and places from. Any likeness to somebody is chance."""

import unicodedata
from math import gcd
from random import Random


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`, in order."""
    return tuple(text.split())


GIVEN = words_of(
    """
    Aaliyah Abdul Abigail Adaeze Aditi Adrian Agnieszka Ahmed Aiko Aisha Alan Alejandra Alexei Alice Alma Amara
    Amina Amir Ana Anders Andre Angela Anika Anita Anna Antoine Anton Aoife Arjun Arman Astrid Ayesha Ayumi
    Beatriz Benjamin Bernadette Bianca Bilal Birgit Bogdan Brian Brigid Camila Carlos Carmen Caroline Catalina
    Cecilia Celeste Chang Charlotte Chen Chiara Chidi Chloe Chris Clara Claude Connor Cora Cyrus Dalia Damian
    Dana Daniel Daria David Deepa Denise Derek Desmond Diana Diego Dinah Dominic Dong Dora Dylan Ebony Edith
    Eduardo Eileen Elena Eli Elif Elisa Ella Emeka Emil Emma Enrique Erik Esther Ethan Eun Eva Fabian Farah
    Fatima Felix Fernanda Fiona Florence Francis Frida Gabriel Galina George Gerald Giulia Grace Greta Guillermo
    Gwen Hana Hannah Harold Hassan Hector Heidi Helen Henry Hiroshi Hugo Ibrahim Ida Ifeoma Ilya Imani Ines
    Ingrid Ioana Irene Isaac Isabel Ivan Jacob Jada Jamal James Jana Jasmine Javier Jean Jelena Jia Jin Joan
    Jonas Jorge Josefina Joshua Joy Juan Judith Julia Jun Kai Kamala Karim Karen Katarina Keisha Kenji Kevin
    Khadija Kofi Kwame Lars Laila Laura Layla Leo Leila Lena Leticia Liam Lila Lin Linda Linh Lorenzo Louisa
    Lucas Lucia Luis Lydia Magnus Mai Malik Marcus Margaret Maria Mariam Marisol Mark Marta Mateo Maya Mei
    Mercedes Michael Miguel Mikhail Mina Miriam Mohammed Monica Nadia Naomi Natalia Nathan Ngozi Nia Nicole
    Nikhil Nina Noah Noor Nora Oleg Olga Olivia Omar Oscar Pablo Pamela Patrick Paul Pedro Petra Philip Phuong
    Pilar Priya Quentin Rachel Rafael Rajesh Ramona Rania Raquel Rashid Raul Rebecca Renata Reza Ricardo Rita
    Robert Rosa Ruth Ryan Sabine Salma Samira Samuel Sandra Sanjay Sara Sean Selma Shanice Sigrid Silvia Simon
    Sofia Soren Stella Stephen Sunita Susan Svetlana Tamara Tariq Teresa Thandi Theo Thomas Tiana Tomas Tuan Uma
    Valentina Vanessa Vera Victor Vijay Violet Walter Wei Wendy William Xavier Ximena Yara Yasmin Yolanda
    Youssef Yuki Yusuf Zainab Zara Zoe Zofia
    """
)

FAMILY = words_of(
    """
    Abbott Abara Abdi Acosta Adeyemi Aguilar Ahmadi Alvarez Amin Andersen Anderson Andrade Aoki Archer Arroyo
    Asante Ayala Bailey Baker Balogun Banerjee Barnes Barrios Bauer Becker Bello Bennett Berg Bhatt Bianchi
    Blackwood Bosch Boyd Brandt Brennan Brooks Bui Burke Byrne Cabrera Calloway Campos Cardenas Carter Castillo
    Chan Chandra Chavez Cho Choudhury Clarke Cohen Coleman Conti Contreras Cooper Cortez Costa Crane Cruz Dang
    Das Davies Delgado Demir Desai Diallo Diaz Dimitrov Dixon Dominguez Donovan Dubois Duong Eaton Eckert Egan
    Ekström Ellis Eriksen Espinoza Estrada Evans Farouk Fay Fernandez Ferrari Fields Fischer Fleming Flores
    Foley Fonseca Foster Fox Franco Fujita Gallagher Garcia Garza Ghosh Gibson Gill Gomez Gonzalez Grant
    Greenberg Guerrero Gupta Gutierrez Hahn Haddad Hale Hamdan Hansen Harper Hassan Hayashi Hayes Henderson
    Herrera Hoang Hoffman Holt Horvat Huang Hughes Hussain Ibarra Ito Ivanov Jackson Jain Jansen Jensen Jimenez
    Johansson Joshi Juarez Kamara Kang Kapoor Kaya Keller Kelly Khan Kimura Kim King Kovacs Kowalski Krishnan
    Kumar Kuznetsov Lam Lambert Larsen Lau Lawson Le Lee Leung Levine Liu Lopez Lucero Lund Lynch Machado
    Mahmoud Maldonado Marek Marin Marquez Marsh Martinez Mbeki McBride McCoy Medina Mehta Mendoza Meyer Mitchell
    Mohamud Molina Montoya Morales Moreau Morgan Moss Müller Munoz Murphy Nagy Nair Nakamura Navarro Ndiaye
    Nelson Nguyen Nielsen Novak Núñez Nwosu Oakley Obi Ochoa O'Brien O'Connor Okafor Okoye Oliveira Olsen Omar
    Ortega Osei Owens Pacheco Palmer Park Patel Pavlov Peña Pereira Perez Petrov Pham Phillips Pineda Popescu
    Porter Powell Quinn Quintana Rahman Ramirez Ramos Rao Reed Reyes Richter Rios Rivera Roberts Robles Rojas
    Romano Rosario Rossi Roy Ruiz Russo Saito Salazar Saleh Sanchez Sandhu Santos Sato Schmidt Schneider Sharma
    Shaw Silva Singh Soto Stein Stewart Suarez Sullivan Suzuki Takeda Tan Tanaka Thapa Thompson Torres Tran
    Trujillo Tucker Usman Valdez Varga Vargas Vasquez Vega Velasco Villanueva Vogel Volkov Wagner Walker Wallace
    Walsh Wang Ward Watanabe Weber Weiss Wilkins Wong Woods Wright Wu Yamada Yang Yilmaz Yoon Young Yu Zamora
    Zapata Zhang Zhao Zielinski Zimmerman
    """
)

PLACES = words_of(
    """
    Alder Amber Ash Aspen Badger Bay Beacon Birch Bluff Boulder Bramble Briar Bridge Brook Canyon Cedar Cherry
    Chestnut Clearwater Clover Copper Coral Cottonwood Creekside Cypress Dogwood Eagle Eastgate Elm Ember
    Fairview Falcon Fern Fir Foothill Fox Garnet Glen Granite Grove Harbor Hawthorn Hazel Heron Hickory Highland
    Hollow Ironwood Juniper Kestrel Lakeside Larch Laurel Linden Magnolia Maple Marigold Meadow Mesa Mill
    Moraine Northgate Oak Orchard Otter Palisade Pebble Pine Poplar Prairie Quail Quarry Redwood Ridge River
    Rowan Sage Sequoia Shore Sierra Silver Spruce Stone Summit Sunrise Sycamore Thistle Timber Tulip Valley
    Vista Walnut Westgate Wheatfield Willow Windmill Wren
    """
)


class Names:
    """Pairs of names, each different from all before as long as there are any left, in an order of the seed's own."""

    def __init__(self, rng: Random) -> None:
        self._pairs = len(GIVEN) * len(FAMILY)
        self._start = rng.randrange(self._pairs)
        self._step = _coprime_step(rng, self._pairs)

    def __getitem__(self, number: int) -> tuple[str, str, int]:
        """The `number`-th given name and family name, and how often the pair was given before."""
        place = (self._start + number * self._step) % self._pairs
        return GIVEN[place % len(GIVEN)], FAMILY[place // len(GIVEN)], number // self._pairs


def plain(name: str) -> str:
    """A name as it stands in user names: ASCII letters in lower case."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha()).lower()


def _coprime_step(rng: Random, size: int) -> int:
    """A step that visits every place of a ring of `size`, once a round."""
    step = rng.randrange(size // 3, size)
    while gcd(step, size) != 1:
        step += 1
    return step
