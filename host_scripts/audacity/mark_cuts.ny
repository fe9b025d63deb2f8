$nyquist plug-in
$version 4
$type analyze
$debugbutton false
$name (_ "Segue Mark Cuts")
$author (_ "Segue")
$release 1
$copyright (_ "MIT")

;; Labels where the music of the selection can be left (exit) and joined (entry).

$control LEAST (_ "Least score (0: what Segue takes for good)") real "" 0 0 1
$control MOST (_ "At most so many exits and entries (0: Segue's choice)") int "" 0 0 100

CONFIG

(defun score-text (score)
  (let ((hundredths (truncate (+ 0.5 (* 100 score)))))
    (format nil "~a.~a~a" (/ hundredths 100) (rem (/ hundredths 10) 10) (rem hundredths 10))))

(defun label-text (kind score bar section)
  (strcat (if (string= kind "exit") "◀ exit " "▶ entry ") (score-text score)
          (if (string= section "") "" (strcat " · " section)) (if (< bar 1) " · no bar" (format nil " · bar ~a" bar))))

;; Minutes and seconds of the project, as Audacity's ruler has them: "1:02.5".
(defun clock (time)
  (let ((tenths (truncate (+ 0.5 (* 10 (+ time (get '*selection* 'start)))))))
    (format nil "~a:~a~a.~a" (/ tenths 600) (rem (/ tenths 100) 6) (rem (/ tenths 10) 10) (rem tenths 10))))

;; The other plug-in reads its controls again whenever its file has changed.
(defun offer (choices)
  (let* ((lines nil) (path (strcat (get '*system-dir* 'user-plug-in) "/segue_preview_transition.ny")) (file (open path)))
    (when file
      (do ((line (read-line file) (read-line file)))
          ((null line))
        (push (if (string-search "$control WHICH" line)
                  (format nil "$control WHICH (_ \"Transition\") choice (~a) 0" choices)
                  line)
              lines))
      (close file)
      (setf file (open path :direction :output))
      (dolist (line (reverse lines)) (format file "~a~%" line))
      (close file))))

;; Keeps for the other plug-in what a preview needs; numbers alone, because a quote in a text would not be read back.
(defun keep (job transitions)
  (let ((file (open (segue-path "last.lsp") :direction :output)))
    (format file "~s~%" (list job least most (get '*selection* 'start)
                              (mapcar #'(lambda (message) (list (nth 2 message) (nth 3 message))) transitions)))
    (close file)))

(defun choices (transitions cuts)
  (let ((times (mapcar #'(lambda (cut) (cons (nth 2 cut) (clock (nth 4 cut)))) cuts)) (list "") (number 0))
    (dolist (transition transitions (if (= number 0) "(\"none\" (_ \"no transition was found\"))" list))
      (setf number (1+ number))
      (setf list (format nil "~a~a(\"~a\" (_ \"~a · ~a → ~a\"))" list (if (= number 1) "" " ") number
                         (score-text (nth 4 transition)) (cdr (assoc (nth 2 transition) times))
                         (cdr (assoc (nth 3 transition) times)))))))

(defun best (transitions)
  (sort transitions #'(lambda (a b) (> (nth 4 a) (nth 4 b)))))

(defun mark ()
  (s-save (prog1 *track* (setf *track* nil)) (truncate len) ; whoever holds the sound holds all of it in memory
          (segue-path "selection.au") :format snd-head-next :mode snd-mode-float :bits 32)
  (let* ((job (rem (truncate (* 1000 (get-real-time))) 2000000000)) (end (segue-ask-cuts job least most))
         (cuts (segue-of "/segue/cut" segue-found))
         (transitions (best (segue-of "/segue/transition" segue-found))))
    (cond
      ((stringp end) end)
      ((null cuts) "No good place to cut was found here.")
      (t
       (keep job transitions)
       (offer (choices transitions cuts))
       (mapcar #'(lambda (cut) (list (nth 4 cut) (label-text (nth 3 cut) (nth 5 cut) (nth 6 cut) (nth 8 cut)))) cuts)))))

(segue-run #'(lambda ()
               (cond
                 ((= 1 (length (get '*selection* 'tracks))) (mark))
                 ((= 1 (get '*track* 'index)) "Select one track, then run this again.")
                 (t ""))))
