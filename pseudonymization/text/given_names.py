"""Given names common in France, which tell a name from another capitalised word. Lower case, no accents."""

from __future__ import annotations

GIVEN_NAMES = frozenset(
    """
    abdel adam adele adeline adrien adrienne agathe agnes ahmed aime aimee alain alban albane albert alberte
    albertine alex alexandra alexandre alexia alexis alfred ali alice alicia alina aline alison alix alphonse
    amandine ambre amelie amina amine ana anais anastasia anatole andre andrea andree ange angela angele angelina
    angelique anick anita anna annabelle anne annette annick annie anouk anthony antoine antoinette antonin antonio
    apolline ariane aristide arlette armand armelle arnaud arsene arthur astrid athanase aubin aude audrey auguste
    augustin aurelia aurelie aurelien aurore axel axelle ayoub aziz babette baptiste barbara basile bastien beatrice
    benedicte benjamin benoit berenice bernadette bernard berthe bertrand bilal blaise blanche blandine boris brice
    brigitte bruno camille carine carl carla carlos carmen carole caroline catherine cathy cecile cedric celeste
    celestin celia celine chantal charles charlie charline charlotte chloe christelle christian christiane
    christianne christine christophe claire clara clarisse claude claudette claudia claudie claudine clea clemence
    clement clementine cleo clotilde clovis colette coline constance constant corentin corinne cyril cyrille damien
    dan daniel daniele danielle danny daphne david deborah delphine denis denise desire diane didier dimitri djamel
    dominique donovan dorian dorothee dylan edgar edith edmond edouard edwige elena eleonore eliane elias eliette
    elina eline elisa elisabeth elise elodie eloise elsa elvire emile emilie emilien emilienne emma emmanuel
    emmanuelle enzo eric ernest erwan esteban estelle esther ethan etienne eugene eugenie eva evan eve evelyne
    fabien fabienne fabrice fanny farid fatima fatou felicie felix ferdinand fernand fernande fiona flavie flavien
    fleur flora florence florent florian floriane france francine francis franck francois francoise frank fred
    frederic frederique gabin gabriel gabrielle gael gaelle gaetan gaetane gaspard gaston genevieve geoffrey george
    georges georgette gerald geraldine gerard germain germaine ghislain ghislaine gilbert gilberte gilles gina
    ginette gisele giselle gregoire gregory guillaume gustave guy gwenaelle hamid hamza hans hassan helene heloise
    henri henriette herve hicham hubert hugo hugues huguette ibrahim ida ines irene iris isaac isabelle ismael ivan
    jack jacky jacqueline jacques jade jamal james jane janine jasmine jason jean jeanne jeannette jeannine jennifer
    jeremie jeremy jerome jessica joachim joanna joel joelle johan johanna john jonas jonathan jordan jorge jose
    joseph josephine josette joshua josiane josselin josue juan jules julia julian juliane julie julien julienne
    juliette justin justine kader kamel karim karima karine karl katia kelly kenza kevin khadija khaled killian kim
    laetitia laila lara larbi laura laure laureline laurence laurent laurette laurie lea leah leila lena leo leon
    leonard leone leonie leopold lila lilian liliane lilou lily lina linda lionel lisa lise loic lola loris lou
    louane louis louise louisette luc luca lucas lucette lucie lucien lucienne lucile ludivine ludovic luis lydia
    lydie lyna madeleine mael maelle maeva magali mahmoud maite malik malika malo manon manuel manuela marc marceau
    marcel marcelle marcelline margaux margot marguerite maria mariam marianne marie marielle marilyn marina marine
    mario marion marius marjorie marlene martha marthe martial martin martine maryline maryse maryvonne mathias
    mathieu mathilde mathis matthias matthieu maud maurice mauricette max maxence maxime maya mehdi melanie melina
    melissa michael michel michele micheline michelle mickael miguel mila milan mireille mohamed mohammed mona
    monica monika monique morgan morgane mounir moussa muriel mustapha myriam nabil nadege nadia nadine nadir nael
    nancy naomi natacha nathalie nathan nathanael nelly nicolas nicole nina nino noa noah noe noel noelie noelle
    noemie nolan nora norbert nour oceane octave odette odile olga oliver olivia olivier omar oscar paola pascal
    pascale pascaline patrice patricia patrick paul paula paule paulette pauline pedro perrine philibert philippe
    philippine pierre pierrette prosper quentin rachel rachid raoul raphael raphaelle rayan raymond raymonde rebecca
    regine regis remi remy renaud rene renee richard rita robert roberte robin rodolphe rodrigue roger roland
    rolande romain romane romeo romuald ronan rosa rosalie rose roseline roxane ruben sabine sabrina sacha said
    salima salome samia samir samira samuel sandra sandrine sara sarah sebastien segolene selma serge severine
    sibylle sidonie simon simone sofia sofiane solange solene sonia sophia sophie soraya souad stanislas stella
    stephane stephanie steve steven suzanne suzette sylvain sylvaine sylvette sylvia sylviane sylvie tanguy tania
    teo teresa tess thais theo theodore theophile therese thibault thibaut thierry thomas tiffany tim timeo timothee
    titouan tom tony tristan ugo ulysse valentin valentine valerie valery vanessa vera veronique vicky victoire
    victor victoria victorine vincent violaine violette virginie viviane vladimir walid wassim wendy wilfried
    william xavier yacine yael yamina yann yannick yasmina yasmine yassine yohan yolande youssef yvan yves yvette
    yvon yvonne zacharie zakaria zelie zineb zinedine zoe zoubida
    """.split()  # noqa: SIM905 - a list of 700 quoted words is no easier to read
)
