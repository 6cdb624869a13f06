"""French given names, surnames and places, as lists of our own.

`DISTINCT_SURNAMES` are no common word and no given name, so a search may demand that they appear nowhere;
`COMMON_SURNAMES` may also be a word (Petit, Boucher) or a given name (Martin), so alone they prove nothing.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = _names(
    """Marie Jeanne Françoise Monique Catherine Nathalie Isabelle Jacqueline Anne Sylvie Martine Madeleine Nicole
    Suzanne Hélène Christine Valérie Brigitte Simone Denise Geneviève Véronique Sandrine Céline Élise Chantal Aurélie
    Stéphanie Sophie Cécile Élodie Camille Léa Manon Chloé Inès Zoé Anaïs Mélanie Laëtitia Émilie Noémie Agathe
    Clémence Solène Gaëlle Maëlle Yaëlle Fatima Khadija Aïcha Aminata Fatoumata Thi-Mai Ioana Agnieszka Concetta Dolorès
    Marie-Claude Marie-Thérèse Anne-Sophie Marie-Hélène Rose-Marie Ghislaine Josiane Huguette Odette Yvette Paulette
    Bernadette Colette Ginette Raymonde Andrée Germaine Lucienne Henriette Thérèse Éliane Régine Mireille Joëlle
    Corinne Fabienne Pascale Delphine Séverine Karine Virginie Audrey Justine Mathilde Charlotte Juliette Louise Jade
    Ambre Romane Lina Eugénie Apolline Ségolène"""
)
MEN = _names(
    """Jean Pierre Michel André Philippe René Louis Alain Jacques Bernard Marcel Daniel Roger Robert Claude Christian
    Henri Georges Nicolas François Gérard Maurice Patrick Raymond Christophe Guy Frédéric Jérôme Sébastien Stéphane
    Laurent Éric David Julien Thomas Alexandre Antoine Guillaume Mathieu Benoît Cédric Rémi Loïc Gaëtan Yoann Maël
    Théo Hugo Lucas Enzo Nathan Raphaël Léo Gabriel Adam Ethan Noé Timothée Barnabé Côme Mohamed Ahmed Karim Youssef
    Mamadou Ousmane Ibrahima Minh Tuan Piotr Andrzej Giuseppe Salvatore José Manuel Joaquim Jean-Pierre Jean-Claude
    Jean-Luc Jean-Marc Jean-François Jean-Baptiste Pierre-Yves Marc-Antoine Yves Gilles Didier Thierry Pascal Bruno
    Olivier Serge Gilbert Lucien Fernand Émile Eugène Gaston Léon Armand Aimé Norbert Raoul Edmond Albert Marius Honoré
    Ignace Barthélemy Tanguy Erwan Ronan Xavier"""
)
COMMON_SURNAMES = _names(
    """Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David
    Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier
    Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry
    Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard
    Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin Vidal
    Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey Leclerc
    Payet Rolland Leclercq Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sanchez Dupuis Moulin
    Louis Deschamps Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty Aubry Guyot Carré
    Charles Renault Charpentier Ménard Maillard Baron Bertin Bailly Hervé Schneider Fernandez Collet Léger Bouvier
    Julien Prévost Millet Perrot Daniel Cousin Germain Breton Besson Langlois Rémy Pelletier Lévêque Perrier Leblanc
    Barré Lebrun Marchal Weber Mallet Hamon Boulanger Jacob Monnier Michaud Rodriguez Guichard Gillet Étienne Grondin
    Poulain Tessier Chevallier Collin Chauvin Bouchet Gay Lemaître Bénard Maréchal Humbert Reynaud Antoine Hoarau Perret
    Barthélémy Cordier Pichon Lejeune Gilbert Lamy Delaunay Pasquier Carlier"""
)
DISTINCT_SURNAMES = (
    *_names(
        """Quéméneur Abgrall Kerbrat Legofficquer Guivarc'h Tanguydec Quiniou Bozec Cadiouvel Plouzennec Kermorvant
    Goasguen Etcheverry Etchegaray Harispuru Ibarnégaray Jauréguiberry Mendiboure Uhaldeborde Arrambide Bidegaray
    Haranburu Schwoebel Oberlaender Zimmerlin Wurtzelbach Kuentzler Muckensturm Schnoebelen Hirtzlin Dietschy
    Fuchslocher Paganacci Casabianchi Mattéoli Ottaviani Peretdinovi Santucciani Filippazzi Giacobbiani Colonnasanta
    Vandenbroucke Deswarteghem Coppensolle Wyckaertens Degraevelynck Vanhoutteghem Debruyneels Quaghebeur
    Chassagnoux Malaurivat Coudoumergue Peyrebesse Cazalbonnes Laboubéral Sarrazignac Brugayroux Escoubeyrou
    Ravinandrasana Rakotomalalaky Andriantsoabe Diaby-Sakho Tchibouanga Nguessandré Mbarekoumi Ouédraoguet Sawadogolé
    Benabdelouahed Bouguerraoui El-Mansourati Aït-Bouzelmat Zerrouqui Khelladoui Hammoudalène Tazeroutine Belhadjoudi
    Krzyżanowicz Wojciechowscy Szczepaniakowa Przybylskoń Grabowieckyj Nowickiewicz Papadiamantaki Karagiannopou
    Nguyen-Thuong Tran-Vinhoa Phamduyen Esteveiredo Figueiralva Quintalhães Albuquerquois Echeverrizábal Goñibelar
    D'Estrancourt D'Hautefeuillac L'Héritaudière D'Aubignassou L'Hévédérac Vaugrenardin Bréchignacq Taillefumier
    Pouliquenard Mouillesseaux Trouillebertin Queyrannez Fouquembercq Xambœufier Œuvrardin Gœtzmannuit"""
    ),
    "de La Tourandière",
    "de Kergariouët",
    "du Plessis-Grenédanois",
    "Le Floc'hmoën",
    "Le Bihannic",
    "de Saint-Exupériac",
    "van den Berghelincq",
    "de Montesquiouan",
    "Le Guennecuz",
    "de La Rochebrochardie",
    "Ben Soussanet",
    "da Silveirinha",
)
TOWNS = (
    ("Lormoy-sur-Vègre", "72", "72310"),
    ("Saint-Aubin-des-Prêles", "35", "35470"),
    ("Villeneuve-la-Dondre", "60", "60380"),
    ("Beaumont-l'Étang", "63", "63210"),
    ("Castelnau-Rivérac", "31", "31440"),
    ("Roquefeuil-les-Pins", "83", "83610"),
    ("Kerlouarnec", "29", "29640"),
    ("Marcq-les-Ormeaux", "59", "59780"),
    ("Oberweilerbach", "67", "67430"),
    ("La Chapelle-Vermeille", "44", "44520"),
    ("Montfort-en-Brévenne", "69", "69850"),
    ("Pontcharrac", "33", "33620"),
    ("Vallonne-le-Haut", "38", "38740"),
    ("Cervigliana", "2B", "20270"),
    ("Les Essarts-Blancs", "92", "92480"),
    ("Port-Ligny", "76", "76590"),
)
STREETS = tuple(
    f"{way} {name}"
    for way, name in (
        ("rue", "des Tilleuls"),
        ("rue", "du Moulin-Brûlé"),
        ("avenue", "Jean-Jaurès"),
        ("boulevard", "de la République"),
        ("impasse", "des Glycines"),
        ("chemin", "de la Croix-Verte"),
        ("place", "de l'Église"),
        ("allée", "des Peupliers"),
        ("rue", "Victor-Hugo"),
        ("rue", "de l'Abbé-Grégoire"),
        ("quai", "des Mariniers"),
        ("route", "de Saint-Aubin"),
        ("rue", "du 8-Mai-1945"),
        ("square", "des Lavandes"),
        ("cours", "Gambetta"),
        ("résidence", "Les Hauts-de-Vègre"),
    )
)
HOSPITAL = "Centre hospitalier universitaire de Valmorel"
HOSPITAL_FINESS = "999000017"
